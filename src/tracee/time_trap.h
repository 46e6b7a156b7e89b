#pragma once

#include <signal.h>

#include <chrono>
#include <cstdint>

namespace ttrace {

/// While it lives, rdtsc faults in the calling thread as it does in the tracees (PR_SET_TSC). The
/// kernel switches that trap whenever it switches between a thread that has it and one that has
/// not, and on a virtual machine each time costs an exit to the hypervisor: 35 us instead of 14 for
/// a traced call where supervisor and tracee differ (bench/README.md).
///
/// The C library's clocks read the counter: use monotonic_time() and read_counter() meanwhile. What
/// still executes rdtsc is helped by a SIGSEGV handler, at the price of a signal. Children that are
/// forked meanwhile inherit the trap. Objects may nest; only in one thread at a time.
class TimeTrap {
 public:
  TimeTrap();
  ~TimeTrap();
  TimeTrap(const TimeTrap&) = delete;
  TimeTrap& operator=(const TimeTrap&) = delete;

 private:
  int former_ = 0;
  struct sigaction former_action_ {};
};

/// Sets the calling thread's trap while a TimeTrap lives: as the tracee has it that runs next.
void set_time_trap(bool traps);

/// CLOCK_MONOTONIC by a real system call, which needs no counter.
std::chrono::nanoseconds monotonic_time();

/// rdtscp, with the trap lifted for a moment.
struct CounterReading {
  std::uint64_t time = 0;
  std::uint32_t processor = 0;  ///< TSC_AUX
};
CounterReading read_counter();

}  // namespace ttrace
