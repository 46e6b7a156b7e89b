#pragma once

#include "cli/flags.h"
#include "cli/machine.h"

namespace ttrace {

/// Whether attempts have software ticks, as the flag "ticks" says; auto is software. Throws
/// UsageError where it asks for hardware ticks: this version measures the machine's counters, but
/// does not record with them.
bool wants_software_ticks(const FlagSet& flags, const Machine& machine);

}  // namespace ttrace
