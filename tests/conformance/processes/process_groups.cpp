// Process groups and sessions; a signal to a group reaches each member and nobody else.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

int main() {
  pid_t leader = 0;
  for (int i = 0; i < 3; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      for (;;) pause();
    }
    if (i == 0) leader = child;
    if (setpgid(child, leader) != 0 || getpgid(child) != leader) return 1;
  }
  kill(-leader, SIGTERM);
  int ended = 0, status = 0;
  while (waitpid(-leader, &status, 0) > 0) {
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM) ++ended;
  }
  std::printf("ended %d\n", ended);
  std::fflush(stdout);

  const pid_t child = fork();
  if (child == 0) {
    const pid_t session = setsid();
    std::printf("session is pid %d, group is pid %d, again %d\n", session == getpid(),
                getpgrp() == getpid(), setsid());
    std::fflush(stdout);
    _exit(getsid(0) != getpid());
  }
  waitpid(child, &status, 0);
  return ended != 3 || status != 0;
}
