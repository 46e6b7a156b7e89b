// POSIX message queues with notification by a thread, System V message queues and semaphores,
// between processes.
#include <fcntl.h>
#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <csignal>

#include "observe.h"

namespace {

std::atomic<int> notified;

template <class Body>
pid_t child(Body body) {
  const pid_t pid = fork();
  OBSERVE(pid >= 0);
  if (pid == 0) {
    usleep(1000);
    _exit(body() ? 0 : 1);
  }
  return pid;
}

void end(pid_t pid) {
  int status = -1;
  OBSERVE(waitpid(pid, &status, 0) == pid && status == 0);
}

void posix_queue() {
  char name[64];
  std::snprintf(name, sizeof name, "/ttrace-guest-%d", getpid());
  mq_attr attributes{};
  attributes.mq_maxmsg = 4;
  attributes.mq_msgsize = 64;
  const mqd_t queue = mq_open(name, O_CREAT | O_RDWR, 0600, &attributes);
  OBSERVE(queue >= 0);
  OBSERVE(mq_unlink(name) == 0);
  const pid_t pid = child([&] { return mq_send(queue, "hello", 6, 3) == 0; });
  char text[64];
  unsigned priority = 0;
  OBSERVE(mq_receive(queue, text, sizeof text, &priority) == 6);
  std::printf("%s %u\n", text, priority);
  end(pid);

  sigevent event{};
  event.sigev_notify = SIGEV_THREAD;
  event.sigev_notify_function = [](sigval value) { notified = value.sival_int; };
  event.sigev_value.sival_int = 7;
  OBSERVE(mq_notify(queue, &event) == 0);
  OBSERVE(mq_send(queue, "x", 2, 1) == 0);
  while (notified != 7) usleep(500);
  OBSERVE(mq_receive(queue, text, sizeof text, nullptr) == 2);
  timespec past{1, 0};
  OBSERVE(mq_timedreceive(queue, text, sizeof text, &priority, &past) < 0 && errno == ETIMEDOUT);
  OBSERVE(mq_getattr(queue, &attributes) == 0);
  std::printf("%ld left\n", attributes.mq_curmsgs);
}

void system_v_queue() {
  const int queue = msgget(IPC_PRIVATE, 0600 | IPC_CREAT);
  OBSERVE(queue >= 0);
  struct {
    long type;
    char text[32];
  } message{5, "a message"};
  const pid_t pid = child([&] { return msgsnd(queue, &message, 10, 0) == 0; });
  message.text[0] = 0;
  OBSERVE(msgrcv(queue, &message, sizeof message.text, 5, 0) == 10);
  std::printf("%s\n", message.text);
  end(pid);
  OBSERVE(msgctl(queue, IPC_RMID, nullptr) == 0);
}

void semaphores() {
  const int set = semget(IPC_PRIVATE, 2, 0600);
  OBSERVE(set >= 0);
  const pid_t pid = child([&] {
    sembuf up{0, 1, 0};
    return semop(set, &up, 1) == 0;
  });
  sembuf down{0, -1, 0};
  OBSERVE(semop(set, &down, 1) == 0);
  end(pid);
  std::printf("value %d\n", semctl(set, 0, GETVAL));
  OBSERVE(semctl(set, 0, IPC_RMID) == 0);
}

}  // namespace

int main() {
  posix_queue();
  system_v_queue();
  semaphores();
  return 0;
}
