// Signals that find a thread while it reads the clock without the kernel.
#include <unistd.h>

#include "../time/clock_often.h"
#include "often_interrupted.h"

namespace {

volatile sig_atomic_t seen = 0;
volatile sig_atomic_t strange = 0;

void note(int, siginfo_t*, void* context) {
  if (shows_agent(context)) strange = 1;
  timespec now{};
  if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) strange = 1;
  seen = seen + 1;
}

}  // namespace

int main() {
  read_clock_often();
  {
    const OftenInterrupted alarms(note);
    for (int i = 0; i < 20 || seen < 20; ++i) {
      read_clock_often();
      OBSERVE(!strange);
    }
  }
  print_counter();
  std::printf("%d\n", int(seen));
}
