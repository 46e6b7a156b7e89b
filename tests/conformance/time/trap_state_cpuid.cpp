// cpuid while SIGTRAP is blocked, ignored or handled (built without optimisation).
#include <cpuid.h>

#include "trap_state.h"

static unsigned long long identify() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  __cpuid_count(7, 0, a, b, c, d);
  return b;
}

int main() { check_trap_state(SIGTRAP, identify); }
