#pragma once

#include "tracee/cpu_pin.h"
#include "tracee/descriptor_limit.h"
#include "tracee/time_trap.h"
#include "tracee/wake_timer.h"

namespace ttrace {

/// What the calling thread needs while it drives host processes: their CPU, as many descriptors as
/// it may have, an alarm that ends its waits, and their trap for rdtsc. Some 20 system calls, two
/// of which leave a virtual machine: made once for many runs (ReplayLimits::driving). One at a time
/// in a process.
class Driving {
 public:
  /// `cpu`: that of the host processes, Replayer::cpu().
  explicit Driving(int cpu) : pin_(cpu) {}

 private:
  CpuPin pin_;
  DescriptorLimit many_processes_;
  WakeTimer alarm_{std::chrono::milliseconds(50)};
  TimeTrap trap_;
};

}  // namespace ttrace
