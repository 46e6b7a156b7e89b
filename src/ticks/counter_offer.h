#pragma once

#include <string>

#include "ticks/approach.h"

namespace ttrace {

/// What a machine offers for hardware ticks.
struct CounterOffer {
  std::string cpu;       ///< "AMD Zen 3", or as cpuid names it
  std::string event;     ///< that would count ticks; empty if none is known for this CPU
  std::string obstacle;  ///< why it does not, and what to do; empty if it does
  OverflowPrecision precision;

  bool works() const { return obstacle.empty(); }
};

/// Looks at this CPU, opens its counter and tries it in a child, which is gone afterwards. Some ten
/// milliseconds where there are counters. No other thread may run (EventLibrary).
CounterOffer examine_counters();

}  // namespace ttrace
