// A thread that blocks all signals is taken off the CPU like any other, and sees what it blocked;
// its calls are not cut short, and no flag or register shows that it was counted.
#include "bare.h"

static volatile long flag, turn;
static const sigset_t all = ~0ul;

static void other(void) {
  call(__NR_rt_sigprocmask, SIG_SETMASK, (long)&all, 0, sizeof all);
  for (int i = 0; i < 6; ++i) {
    while (turn == i) {
    }
  }
  flag = 1;
}

static int sees_traps(void) {
  unsigned long flags, after;
  __asm__ volatile("pushfq\npop %0" : "=r"(flags));
  __asm__ volatile("syscall\nmov %%r11, %0"
                   : "=r"(after)
                   : "a"(__NR_getpid)
                   : "rcx", "r11", "memory");
  return ((flags | after) & 0x100) != 0;
}

// The kernel stops at a page's end if a signal is pending.
static int gets_all(void) {
  static char random[3 * 4096];
  return call(__NR_getrandom, (long)random, sizeof random, 0, 0) == sizeof random;
}

int run(void) {
  const unsigned long trap = 1ul << (SIGTRAP - 1);
  call(__NR_rt_sigprocmask, SIG_SETMASK, (long)&all, 0, sizeof all);
  start_thread(0, other);
  const struct __kernel_timespec nap = {0, 200000};
  for (int i = 0; i < 6; ++i) {
    for (int n = 0; n < 6; ++n) {
      for (volatile int pause = 0; pause < 3 * n; pause = pause + 1) {
      }
      if (!gets_all()) return 5;
    }
    turn = i + 1;
    if (call(__NR_nanosleep, (long)&nap, 0, 0, 0) != 0) return 2;
    if (sees_traps()) return 3;
    sigset_t now = 0;
    call(__NR_rt_sigprocmask, SIG_SETMASK, 0, (long)&now, sizeof now);
    if (!(now & trap)) return 4;
  }
  while (flag == 0) {
  }
  return 0;
}
