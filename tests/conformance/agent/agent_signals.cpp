// Signals that arrive while the agent makes calls: handlers see the program's registers and stack,
// never the agent's, and the calls before and after them are right.
#include <unistd.h>

#include <ctime>

#include "often_interrupted.h"

namespace {

volatile sig_atomic_t seen = 0;
volatile sig_atomic_t strange = 0;
unsigned long calls_in_handler = 0;

void handler(int, siginfo_t*, void* context) {
  if (shows_agent(context)) strange = 1;
  calls_in_handler += getppid() > 0;
  seen = seen + 1;
}

}  // namespace

int main() {
  unsigned long calls = 0;
  {
    const OftenInterrupted often(handler);
    const pid_t parent = getppid();
    while (seen < 30) {
      OBSERVE(getppid() == parent);
      timespec now{};
      OBSERVE(clock_gettime(CLOCK_MONOTONIC, &now) == 0 && now.tv_nsec < 1000000000);
      ++calls;
    }
  }
  OBSERVE(strange == 0);
  OBSERVE(calls_in_handler == (unsigned long)seen);
  std::printf("%lu calls, %d signals\n", calls, int(seen));
  return 0;
}
