// POSIX shared memory, opened by name in a child; a process-shared semaphore lies in it.
#include <fcntl.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "observe.h"

namespace {
struct Shared {
  sem_t filled;
  sem_t emptied;
  char text[64];
};

Shared* map(int fd) {
  void* memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  OBSERVE(memory != MAP_FAILED);
  close(fd);
  return static_cast<Shared*>(memory);
}
}  // namespace

int main() {
  const std::string name = "/ttrace-guest-" + std::to_string(getpid());
  const int fd = shm_open(name.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600);
  OBSERVE(fd >= 0 && ftruncate(fd, sizeof(Shared)) == 0);
  Shared* shared = map(fd);
  OBSERVE(sem_init(&shared->filled, 1, 0) == 0 && sem_init(&shared->emptied, 1, 1) == 0);
  const pid_t child = fork();
  if (child == 0) {
    OBSERVE(munmap(shared, sizeof(Shared)) == 0);
    shared = map(shm_open(name.c_str(), O_RDWR, 0));
    for (int i = 0; i < 10; ++i) {
      sem_wait(&shared->emptied);
      std::snprintf(shared->text, sizeof shared->text, "message %d", i);
      sem_post(&shared->filled);
    }
    _exit(0);
  }
  for (int i = 0; i < 10; ++i) {
    sem_wait(&shared->filled);
    std::printf("%s\n", shared->text);
    sem_post(&shared->emptied);
  }
  OBSERVE(waitpid(child, nullptr, 0) == child);
  OBSERVE(shm_unlink(name.c_str()) == 0);
}
