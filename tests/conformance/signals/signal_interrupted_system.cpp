// A timer interrupts everything that a shell-like program does: fork, exec, wait, pipes.
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace {
volatile sig_atomic_t ticks = 0;
}

int main() {
  struct sigaction action = {};
  action.sa_handler = [](int) { ticks = ticks + 1; };
  sigaction(SIGALRM, &action, nullptr);
  const itimerval timer = {{0, 700}, {0, 700}};
  setitimer(ITIMER_REAL, &timer, nullptr);
  int interrupted = 0;
  for (int i = 0; i < 5; ++i) {
    int ends[2];
    if (pipe(ends) != 0) return 1;
    const pid_t child = fork();
    if (child == 0) {
      dup2(ends[1], 1);
      close(ends[0]);
      close(ends[1]);
      execl("/bin/echo", "echo", "hello", nullptr);
      _exit(1);
    }
    close(ends[1]);
    char buffer[32];
    ssize_t size;
    while ((size = read(ends[0], buffer, sizeof buffer)) == -1 && errno == EINTR) ++interrupted;
    int status = 0;
    while (waitpid(child, &status, 0) == -1 && errno == EINTR) ++interrupted;
    close(ends[0]);
    std::printf("read %zd, status %d\n", size, status);
    if (size != 6 || status != 0) return 1;
  }
  std::printf("interrupted %d, ticks %d\n", interrupted, ticks);
}
