// System V semaphores: several at once, undo at the end of a process, GETALL and SETALL, who waits,
// a set that is removed under a waiter; POSIX ones by name.
#include <fcntl.h>
#include <semaphore.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "observe.h"

int main() {
  const int set = semget(IPC_PRIVATE, 3, 0600);
  OBSERVE(set >= 0);
  unsigned short values[3] = {4, 5, 6};
  OBSERVE(semctl(set, 0, SETALL, values) == 0);
  std::memset(values, 0, sizeof values);
  OBSERVE(semctl(set, 0, GETALL, values) == 0);
  std::printf("%d %d %d\n", values[0], values[1], values[2]);
  std::fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    sembuf both[] = {{0, -3, SEM_UNDO}, {2, 2, SEM_UNDO}};
    OBSERVE(semop(set, both, 2) == 0);
    std::printf("inside %d %d\n", semctl(set, 0, GETVAL), semctl(set, 2, GETVAL));
    std::fflush(stdout);
    _exit(0);
  }
  OBSERVE(waitpid(child, nullptr, 0) == child);
  OBSERVE(semctl(set, 0, GETALL, values) == 0);
  std::printf("undone %d %d %d, last by the child: %d\n", values[0], values[1], values[2],
              semctl(set, 0, GETPID) == child);
  sembuf nothing = {1, -9, IPC_NOWAIT};
  OBSERVE(semop(set, &nothing, 1) == -1 && errno == EAGAIN);
  const timespec limit = {0, 2'000'000};
  nothing.sem_flg = 0;
  OBSERVE(semtimedop(set, &nothing, 1, &limit) == -1 && errno == EAGAIN);
  child = fork();
  if (child == 0) {
    const int result = semop(set, &nothing, 1);
    _exit(result == -1 ? errno : 0);
  }
  while (semctl(set, 1, GETNCNT) == 0) usleep(100);
  OBSERVE(semctl(set, 0, IPC_RMID) == 0);
  int status = 0;
  OBSERVE(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == EIDRM);

  const std::string name = "/guest-" + std::to_string(getpid());
  sem_t* semaphore = sem_open(name.c_str(), O_CREAT | O_EXCL, 0600, 0);
  OBSERVE(semaphore != SEM_FAILED);
  child = fork();
  if (child == 0) {
    OBSERVE(sem_post(semaphore) == 0);
    _exit(0);
  }
  OBSERVE(sem_wait(semaphore) == 0 && waitpid(child, nullptr, 0) == child);
  OBSERVE(sem_close(semaphore) == 0 && sem_unlink(name.c_str()) == 0);
  std::printf("done\n");
}
