// An interval timer whose signals arrive anywhere in a loop of short system calls.
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdio>

namespace {
volatile sig_atomic_t ticks = 0;
void handler(int) { ticks = ticks + 1; }
}  // namespace

int main() {
  signal(SIGALRM, handler);
  const itimerval timer = {{0, 500}, {0, 500}};
  setitimer(ITIMER_REAL, &timer, nullptr);
  long calls = 0;
  for (int seen = 0; seen < 5; ++calls) {
    if (getppid() < 0) return 1;
    if (ticks != seen) {
      seen = ticks;
      std::printf("tick %d seen after %ld calls\n", seen, calls);
    }
  }
}
