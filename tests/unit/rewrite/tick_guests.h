#pragma once

#include <cstdint>

namespace ttrace::testing {

/// Loops in assembly whose number of ticks is known by arithmetic; in tick_guests_test.cpp. All
/// take a number of turns and return a value that a wrong turn would change.
extern "C" {
long ttrace_guest_spin(long n);             // a branch of 2 bytes
long ttrace_guest_long_branch(long n);      // of 6 bytes
long ttrace_guest_jump_back(long n);        // closed by an unconditional jump
long ttrace_guest_cold(long n);             // through another function, as .cold parts are
long ttrace_guest_ping(long n);             // mutual tail calls
long ttrace_guest_indirect_tail(long n);    // the same through a register
long ttrace_guest_fib(long n);              // recursion
long ttrace_guest_computed_goto(long n);    // jmp *memory
long ttrace_guest_switch(long n);           // a jump table of 32-bit distances in a loop
long ttrace_guest_call_memory(long n);      // call *memory; checks its return address
long ttrace_guest_crowded(long n);          // a short branch without padding in reach
long ttrace_guest_call_on_the_way(long n);  // likewise; a forward call counts instead
long ttrace_guest_live_carry(long n);       // carry is live at the loop's head
long ttrace_guest_live_zero(long n);        // zero is live at the loop's head
long ttrace_guest_loop_instruction(long n);
long ttrace_guest_nested(long n);   // small loops, one in the other
long ttrace_guest_if_else(long n);  // a small loop with branches inside
}

/// Turns of a small loop for which one tick is counted; see small_loop.cpp.
constexpr long sparse_ticks(long taken, long instructions) {
  long copies = 40 / instructions;
  if (copies > 8) copies = 8;
  if (copies < 2) copies = 2;
  return (taken + copies - 1) / copies;
}

}  // namespace ttrace::testing
