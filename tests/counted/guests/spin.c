// Two threads wait for one another without a call: only switches in the middle of computation let
// either go on.
#include "bare.h"

static volatile long flag, answer;

static void other(void) {
  long turns = 0;
  while (flag == 0) ++turns;
  answer = turns + 1;
}

int run(void) {
  start_thread(0, other);
  long sum = 0;
  for (long i = 0; i < 40; ++i) sum += i & 3;
  flag = sum;
  while (answer == 0) {
  }
  print_number((unsigned long)answer);
  return 0;
}
