#pragma once

#include <memory>

#include "cli/flags.h"
#include "cli/machine.h"
#include "ticks/tick_counter.h"

namespace ttrace {

/// What counts the ticks of attempts.
struct TicksChoice {
  bool software = false;
  std::shared_ptr<const TickCounters> counters;  ///< null: no hardware counter does
};

/// As the flag "ticks" says; auto is software. Throws UsageError where it asks for hardware ticks
/// and the machine has none. "simulated", which no help names, is for tests: hardware ticks of a
/// counter that steps (SteppedCounter).
TicksChoice choose_ticks(const FlagSet& flags, const Machine& machine);

}  // namespace ttrace
