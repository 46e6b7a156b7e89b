// Blocked signals are read from a signalfd: one that was raised, one of a child that ended.
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "observe.h"

int main() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGCHLD);
  OBSERVE(sigprocmask(SIG_BLOCK, &set, nullptr) == 0);
  int fd = signalfd(-1, &set, SFD_CLOEXEC);
  OBSERVE(fd >= 0);
  sigval value = {};
  value.sival_int = 42;
  OBSERVE(sigqueue(getpid(), SIGUSR1, value) == 0);
  signalfd_siginfo info = {};
  OBSERVE(read(fd, &info, sizeof info) == sizeof info);
  OBSERVE(info.ssi_signo == SIGUSR1 && info.ssi_int == 42 &&
          info.ssi_pid == static_cast<unsigned>(getpid()));
  pid_t child = fork();
  if (child == 0) _exit(7);
  OBSERVE(read(fd, &info, sizeof info) == sizeof info);
  OBSERVE(info.ssi_signo == SIGCHLD && info.ssi_pid == static_cast<unsigned>(child) &&
          info.ssi_status == 7);
  OBSERVE(wait(nullptr) == child);
  std::printf("child %u status %d\n", info.ssi_pid, info.ssi_status);
}
