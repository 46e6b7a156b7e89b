#pragma once

#include <optional>
#include <string>

#include "cli/flags.h"
#include "cli/output.h"
#include "hunt/cases.h"
#include "hunt/verdict.h"
#include "record/chaos.h"
#include "trace/recording.h"

namespace ttrace {

/// What differs between a binary's own flags and the tool's.
struct HuntStyle {
  int attempts = 1;
  Marks marks = Marks::required;
  std::string seed_flag;      ///< "--ttrace-seed"
  std::string replay_prefix;  ///< the path of a trace is appended to it
};

/// Lists, hunts, tells. Returns the exit code of the run.
int hunt_in(const Context& context, const TestBinary& binary, const FlagSet& flags,
            const HuntStyle& style);

/// Executes the binary in our place, as if ttrace were not there.
[[noreturn]] void run_untouched(const TestBinary& binary);

/// Throws UsageError for a name that this version does not know.
const Framework& framework_of(const std::string& name);

/// What --ttrace-chaos asks for; none: auto.
std::optional<Chaos> asked_chaos(const FlagSet& flags);
AddressChoice asked_addresses(const FlagSet& flags);

/// What --ttrace-memory and --ttrace-quota say of recordings that will be kept in `directory`.
RecordingLimits recording_limits(const FlagSet& flags, const std::string& directory);

/// Without the variables that stand for flags: a recorded program must not start a supervisor.
Environment without_flag_twins(Environment environment);

}  // namespace ttrace
