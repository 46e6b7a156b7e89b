// Timers that count the CPU's time, and a limit on it.
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdio>

namespace {
volatile sig_atomic_t virtual_ticks = 0, profile_ticks = 0;
}

int main() {
  signal(SIGVTALRM, [](int) { virtual_ticks = virtual_ticks + 1; });
  signal(SIGPROF, [](int) { profile_ticks = profile_ticks + 1; });
  const itimerval timer = {{0, 1000}, {0, 1000}};
  setitimer(ITIMER_PROF, &timer, nullptr);
  setitimer(ITIMER_VIRTUAL, &timer, nullptr);
  long calls = 0;
  while (virtual_ticks < 1 || profile_ticks < 1) {
    for (long i = 0; i < 20'000; ++i) asm volatile("" ::: "memory");
    if (getppid() >= 0) ++calls;
  }
  const itimerval off = {};
  setitimer(ITIMER_PROF, &off, nullptr);
  setitimer(ITIMER_VIRTUAL, &off, nullptr);
  std::printf("virtual %d, profile %d after %ld calls\n", virtual_ticks, profile_ticks, calls);
}
