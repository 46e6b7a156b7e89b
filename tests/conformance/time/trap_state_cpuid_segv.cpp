// cpuid where it faults shows as SIGSEGV: blocked, ignored and handled ones stay as they are.
#include <cpuid.h>

#include "trap_state.h"

int main() {
  check_trap_state(SIGSEGV, [] {
    unsigned a = 0, b = 0, c = 0, d = 0;
    __cpuid(0x80000002, a, b, c, d);
    return static_cast<unsigned long long>(a);
  });
}
