#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "cli/flags.h"
#include "cli/output.h"
#include "hunt/cases.h"
#include "hunt/verdict.h"
#include "record/chaos.h"
#include "trace/recording.h"
#include "trace/store.h"

namespace ttrace {

/// What differs between a binary's own flags and the tool's.
struct HuntStyle {
  int attempts = 1;  ///< 0: as many as the time allows
  Marks marks = Marks::required;
  std::string flag_prefix;    ///< "--ttrace-" or "--"
  std::string replay_prefix;  ///< the path of a trace is appended to it
  /// Where nothing failed but something could not be recorded: the program runs once without us, in
  /// our place, and says how it goes.
  bool fallback = false;
};

/// Lists, hunts, tells. Returns the exit code of the run.
int hunt_in(const Context& context, const TestBinary& binary, const FlagSet& flags,
            const HuntStyle& style);

/// The named program as the user called it, with the framework that the flags say or that it shows.
TestBinary named_binary(const Context& context, const FlagSet& flags,
                        const std::vector<std::string>& program);

/// The cases that --case names, or else those that the user's arguments select. Throws UsageError
/// if there are none.
std::vector<TestCase> selected_cases(const FlagSet& flags, const TestBinary& binary,
                                     const std::atomic<bool>* interrupted);

/// Executes the binary in our place, as if ttrace were not there.
[[noreturn]] void run_untouched(const TestBinary& binary);

/// Throws UsageError for a name that this version does not know.
const Framework& framework_of(const std::string& name);

/// What --ttrace-chaos asks for; none: auto.
std::optional<Chaos> asked_chaos(const FlagSet& flags);
AddressChoice asked_addresses(const FlagSet& flags);

/// What --ttrace-memory and --ttrace-quota say of recordings that will be kept in `directory`.
RecordingLimits recording_limits(const FlagSet& flags, const std::string& directory);

/// What --ttrace-max-size and --ttrace-max-traces say.
StoreLimits store_limits(const FlagSet& flags);

/// Without the variables that stand for flags: a recorded program must not start a supervisor.
Environment without_flag_twins(Environment environment);

/// What a recorded program sees of it: without those, and as --ttrace-environment says.
Environment visible_environment(const FlagSet& flags, Environment environment);

}  // namespace ttrace
