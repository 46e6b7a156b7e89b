// A handler that forks, one that starts a thread, and one that executes a shell.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <thread>

namespace {
volatile sig_atomic_t status = -1, ran = 0;

void forks(int) {
  const pid_t child = fork();
  if (child == 0) _exit(9);
  int result = 0;
  waitpid(child, &result, 0);
  status = WEXITSTATUS(result);
}

void starts(int) {
  std::thread([] { ran = 1; }).join();
}

void executes(int) {
  execl("/bin/sh", "sh", "-c", "echo in the shell", nullptr);
  _exit(1);
}
}  // namespace

int main() {
  signal(SIGUSR1, forks);
  signal(SIGUSR2, starts);
  signal(SIGALRM, executes);
  raise(SIGUSR1);
  raise(SIGUSR2);
  std::printf("status %d, ran %d\n", status, ran);
  std::fflush(stdout);
  if (status != 9 || ran != 1) return 1;
  ualarm(1000, 0);
  for (;;) pause();
}
