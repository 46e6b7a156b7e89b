// rdrand while SIGTRAP is blocked, ignored or handled: handler, mask and disposition stay.
#include <immintrin.h>

#include "trap_state.h"

__attribute__((target("rdrnd"))) static unsigned long long draw() {
  unsigned long long value = 0;
  OBSERVE(_rdrand64_step(&value) == 1);
  return value;
}

int main() { check_trap_state(SIGTRAP, draw); }
