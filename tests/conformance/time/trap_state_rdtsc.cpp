// rdtsc while SIGSEGV is blocked, ignored or handled: handler, mask and disposition stay.
#include <x86intrin.h>

#include "trap_state.h"

int main() {
  check_trap_state(SIGSEGV, [] { return static_cast<unsigned long long>(__rdtsc()); });
}
