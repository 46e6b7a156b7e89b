// A signal that arrives while the program computes, right before exit or exec: its handler runs.
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <initializer_list>

namespace {
volatile sig_atomic_t handled = 0;
}

int main() {
  for (bool executes : {false, true}) {
    const pid_t child = fork();
    if (child == 0) {
      signal(SIGALRM, [](int) {
        if (write(1, "handled\n", 8) != 8) _exit(1);
        handled = handled + 1;
      });
      const itimerval timer = {{0, 0}, {0, 1000}};
      setitimer(ITIMER_REAL, &timer, nullptr);
      // Some 20 ms: the signal comes in the middle.
      for (long i = 0; i < 40'000'000; ++i) asm volatile("" ::: "memory");
      if (executes) execl("/bin/sh", "sh", "-c", "exit 6", nullptr);
      _exit(5);
    }
    int status = 0;
    waitpid(child, &status, 0);
    std::printf("status %d\n", WEXITSTATUS(status));
    std::fflush(stdout);
    if (WEXITSTATUS(status) != (executes ? 6 : 5)) return 1;
  }
}
