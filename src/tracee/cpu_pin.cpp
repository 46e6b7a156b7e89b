#include "tracee/cpu_pin.h"

#include <cstddef>

namespace ttrace {

CpuPin::CpuPin() : CpuPin(sched_getcpu()) {}

CpuPin::CpuPin(int cpu) : cpu_(cpu) {
  CPU_ZERO(&original_);
  sched_getaffinity(0, sizeof original_, &original_);
  if (cpu < 0) return;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(std::size_t(cpu), &one);
  sched_setaffinity(0, sizeof one, &one);  // refused: only slower
}

CpuPin::~CpuPin() { sched_setaffinity(0, sizeof original_, &original_); }

}  // namespace ttrace
