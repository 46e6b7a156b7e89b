#pragma once

#include <cstdint>

namespace ttrace {

/// How exactly a counter stops a thread.
struct OverflowPrecision {
  std::uint64_t skid = 0;          ///< an overflow comes less than this many ticks late
  std::uint64_t least_period = 1;  ///< shorter ones may be made longer by the kernel
};

}  // namespace ttrace
