#pragma once

#include <cstdint>
#include <vector>

#include "ticks/approach.h"
#include "ticks/hardware_counter.h"
#include "ticks/tick_events.h"

namespace ttrace {

/// What a counter did in a child that executes a known number of conditional branches, again and
/// again.
struct CounterTrial {
  std::uint64_t branches = 0;           ///< executed in each round
  std::vector<std::uint64_t> counted;   ///< in each round
  std::vector<std::uint64_t> lateness;  ///< of the overflows that came, in ticks
  std::uint64_t lost_overflows = 0;     ///< rounds that ended before theirs came
  std::uint64_t spoiled = 0;            ///< what the row's spoiler counted
};

/// Measures; takes some ten milliseconds. Throws CounterError if there is no such counter. The
/// caller is pinned to a CPU.
CounterTrial try_counter(const EncodedEvent& event, const EncodedEvent* spoiler);

/// How far a counter that did this can be relied upon: its skid is a multiple of the worst that was
/// seen, and no less than the row's. Throws CounterError if it cannot be relied upon at all.
OverflowPrecision judge_trial(const TickEventRow& row, const CounterTrial& trial);

}  // namespace ttrace
