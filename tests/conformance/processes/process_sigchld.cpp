// A SIGCHLD handler that reaps; siginfo says who ended and how.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

namespace {
volatile sig_atomic_t reaped = 0, sum = 0, told = 0;

void on_child(int, siginfo_t* info, void*) {
  if (info->si_code == CLD_EXITED && info->si_pid > 0) told = told + 1;
  int status;
  while (waitpid(-1, &status, WNOHANG) > 0) {
    reaped = reaped + 1;
    sum = sum + WEXITSTATUS(status);
  }
}
}  // namespace

int main() {
  struct sigaction action = {};
  action.sa_sigaction = on_child;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigaction(SIGCHLD, &action, nullptr);
  for (int i = 1; i <= 4; ++i) {
    if (fork() == 0) _exit(i);
  }
  while (reaped < 4) usleep(100);
  std::printf("reaped %d, sum %d, told %d\n", reaped, sum, told > 0);
  return sum != 10 || told == 0;
}
