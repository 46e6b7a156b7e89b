// An interval timer wakes a program that pauses.
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace {
volatile sig_atomic_t ticks = 0;
void handler(int) { ticks = ticks + 1; }
}  // namespace

int main() {
  signal(SIGALRM, handler);
  const itimerval timer = {{0, 2000}, {0, 1000}};
  setitimer(ITIMER_REAL, &timer, nullptr);
  while (ticks < 3) {
    // A tick may come between the test and the pause; the next one ends it.
    if (pause() != -1 || errno != EINTR) return 1;
    std::printf("woken at tick %d\n", ticks);
  }
  const itimerval off = {};
  itimerval left = {};
  setitimer(ITIMER_REAL, &off, &left);
  std::printf("interval %ld\n", static_cast<long>(left.it_interval.tv_usec));
  return left.it_interval.tv_usec != 2000;
}
