// A child with threads and a sleep in progress is stopped and continued: the sleep goes on.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <thread>

namespace {
volatile sig_atomic_t continued = 0;
}

int main() {
  int ends[2], permission[2];
  if (pipe(ends) != 0 || pipe(permission) != 0) return 1;
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGCONT, [](int) { continued = 1; });
    std::thread sleeper([&] {
      if (write(ends[1], "s", 1) != 1) _exit(1);
      const timespec span = {0, 3'000'000};
      while (!continued) clock_nanosleep(CLOCK_MONOTONIC, 0, &span, nullptr);
    });
    sleeper.join();
    char byte;
    _exit(read(permission[0], &byte, 1) == 1 ? 21 : 1);
  }
  char byte;
  if (read(ends[0], &byte, 1) != 1) return 1;
  usleep(500);
  int status = 0;
  kill(child, SIGSTOP);
  bool right = waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status);
  std::printf("stopped %d\n", right);
  usleep(500);
  right = right && waitpid(child, &status, WNOHANG) == 0;
  kill(child, SIGCONT);
  right = right && waitpid(child, &status, WCONTINUED) == child && WIFCONTINUED(status);
  std::printf("continued %d\n", right);
  right = right && write(permission[1], "e", 1) == 1 && waitpid(child, &status, 0) == child;
  std::printf("exit %d\n", WEXITSTATUS(status));
  return !right || WEXITSTATUS(status) != 21;
}
