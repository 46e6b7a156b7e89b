// A loop of many turns between two ticks that all look the same: what differs is in memory. Only
// the first place after a tick can be found again.
#include "bare.h"

unsigned long value;
static volatile long rings;

static void ring(int number) {
  (void)number;
  rings = rings + 1;
  print_number(value);
}

// One more in `value`; no register and no flag tells how many there were.
__attribute__((naked, used)) static void count(void) {
  __asm__(
      "nop\nnop\nnop\nnop\nnop\nnop\nnop\nnop\n"
      "push %rax\n"
      "mov value(%rip), %rax\n"
      "lea 1(%rax), %rax\n"
      "mov %rax, value(%rip)\n"
      "pop %rax\n"
      "nop\nnop\nnop\nnop\nnop\nnop\nnop\nnop\n"
      "ret\n");
}

static void count_often(void) {
  char copy[40];
  void* to = copy;
  long length = sizeof copy;
  __asm__ volatile("rep stosb" : "+D"(to), "+c"(length) : "a"(0) : "memory");
  __asm__ volatile(
      ".rept 6\n"
      "call count\n"
      ".endr\n" ::
          : "memory");
}

int run(void) {
  on_signal(SIGALRM, ring);
  for (long seen = 0; seen < 4; ++seen) {
    start_timer(3000);
    while (rings == seen) count_often();
  }
  return 0;
}
