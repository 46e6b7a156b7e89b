// Signals between processes that are not parent and child, while the receiver computes, sleeps and
// makes calls; a process group that is signalled as a whole; SIGCONT that wakes a stopped one.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <initializer_list>

#include "observe.h"

namespace {
volatile sig_atomic_t counts[65];
void count(int number) { counts[number] = counts[number] + 1; }

int receiver(int ready) {
  for (const int number : {SIGUSR1, SIGUSR2, SIGHUP}) signal(number, count);
  OBSERVE(write(ready, "x", 1) == 1);
  volatile long work = 0;
  while (counts[SIGHUP] == 0) {
    for (int i = 0; i < 500; ++i) work = work + i;
    if (work % 3 == 0) getppid();
    if (work % 7 == 0) usleep(50);
  }
  return counts[SIGUSR1] > 0 && counts[SIGUSR2] > 0 ? 0 : 1;
}
}  // namespace

int main() {
  int ready[2];
  OBSERVE(pipe(ready) == 0);
  pid_t receivers[2];
  for (pid_t& pid : receivers) {
    pid = fork();
    if (pid == 0) {
      setpgid(0, 0);
      _exit(receiver(ready[1]));
    }
  }
  char byte;
  OBSERVE(read(ready[0], &byte, 1) == 1 && read(ready[0], &byte, 1) == 1);
  const pid_t sender = fork();
  if (sender == 0) {
    for (int i = 0; i < 20; ++i) {
      for (const pid_t pid : receivers) {
        OBSERVE(kill(pid, i % 2 ? SIGUSR1 : SIGUSR2) == 0);
        if (i == 10) OBSERVE(kill(pid, SIGSTOP) == 0 && kill(pid, SIGCONT) == 0);
      }
      usleep(100);
    }
    for (const pid_t pid : receivers) OBSERVE(kill(-pid, SIGHUP) == 0);
    _exit(0);
  }
  int status = 0;
  for (const pid_t pid : receivers) {
    OBSERVE(waitpid(pid, &status, 0) == pid);
    std::printf("receiver: %d\n", status);
  }
  OBSERVE(waitpid(sender, &status, 0) == sender && status == 0);
  OBSERVE(kill(sender, 0) == -1 && errno == ESRCH);
}
