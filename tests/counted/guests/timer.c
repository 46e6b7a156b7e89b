// A timer interrupts a loop, while another thread computes, too: where it was then shows in the
// output.
#include "bare.h"

static volatile long turns, rings, other_turns;

static void ring(int number) {
  (void)number;
  rings = rings + 1;
  print_number((unsigned long)turns);
}

static void other(void) {
  while (rings < 4) other_turns = other_turns + 1;
}

int run(void) {
  on_signal(SIGALRM, ring);
  start_thread(0, other);
  for (long seen = 0; seen < 4; ++seen) {
    start_timer(3000);
    while (rings == seen) {
      turns = turns + 1;
      if (turns % 3 == 0) turns = turns + 1;
    }
  }
  print_number((unsigned long)other_turns);
  return 0;
}
