#pragma once

#include <optional>
#include <string>

#include "cli/flags.h"
#include "hunt/environment.h"
#include "record/chaos.h"
#include "trace/recording.h"
#include "trace/store.h"

namespace ttrace {

// What flags ask for, in the terms of those who do it.

/// What --ttrace-chaos says; none: auto.
std::optional<Chaos> asked_chaos(const FlagSet& flags);

/// What --ttrace-aslr says.
AddressChoice asked_addresses(const FlagSet& flags);

/// What --ttrace-memory and --ttrace-quota say of recordings that will be kept in `directory`.
RecordingLimits asked_recording_limits(const FlagSet& flags, const std::string& directory);

/// What --ttrace-max-size and --ttrace-max-traces say.
StoreLimits asked_store_limits(const FlagSet& flags);

/// What a recorded program sees of our environment: without the twins of flags, and as
/// --ttrace-environment says.
Environment asked_environment(const FlagSet& flags, Environment environment);

/// Without the variables that stand for flags: a recorded program must not start a supervisor.
Environment without_flag_twins(Environment environment);

}  // namespace ttrace
