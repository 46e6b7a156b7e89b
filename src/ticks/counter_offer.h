#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "ticks/approach.h"
#include "ticks/event_encoding.h"
#include "ticks/tick_counter.h"

namespace ttrace {

/// What a machine offers for hardware ticks.
struct CounterOffer {
  std::string cpu;       ///< "AMD Zen 3", or as cpuid names it
  std::string event;     ///< that would count ticks; empty if none is known for this CPU
  std::string obstacle;  ///< why it does not, and what to do; empty if it does
  OverflowPrecision precision;
  EncodedEvent encoded;  ///< the event, where one is known

  bool works() const { return obstacle.empty(); }
};

/// Looks at this CPU, opens its counter and tries it in a child, which is gone afterwards. Some ten
/// milliseconds where there are counters. No other thread may run (EventLibrary).
CounterOffer examine_counters();

/// Counters of an offer that works.
std::shared_ptr<const TickCounters> counters_of(const CounterOffer& offer);

/// Counters that count here what a recording's counted, by their name there
/// (TickCounters::event()); any CPU's do, since they count the same. `seed`: of what simulated ones
/// draw. Throws Error, in one line, if this machine has none.
std::shared_ptr<const TickCounters> counters_like(const std::string& event, std::uint64_t seed);

}  // namespace ttrace
