// Two threads add to a number without a lock. Exit status 1: an addition was lost.
#include "bare.h"

enum { kAdditions = 12 };
static volatile long total, finished;

static void add(void) {
  for (int i = 0; i < kAdditions; ++i) {
    const long seen = total;
    for (volatile int pause = 0; pause < 4; pause = pause + 1) {
    }
    total = seen + 1;
  }
}

static void other(void) {
  add();
  finished = 1;
}

int run(void) {
  start_thread(0, other);
  add();
  while (finished == 0) {
  }
  print_number((unsigned long)total);
  return total == 2 * kAdditions ? 0 : 1;
}
