#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "cli/flags.h"
#include "cli/output.h"
#include "hunt/cases.h"

namespace ttrace {

/// The named program as the user called it, with the framework that the flags say or that it shows.
TestBinary named_binary(const Context& context, const FlagSet& flags,
                        const std::vector<std::string>& program);

/// The cases that the user's arguments select; none only in an empty shard or after an interrupt.
/// Throws UsageError if there is no such case.
std::vector<TestCase> filtered_cases(const TestBinary& binary, std::chrono::milliseconds timeout,
                                     const std::atomic<bool>* interrupted);

/// The cases that --case names, or else those that the user's arguments select. Throws UsageError
/// if there are none.
std::vector<TestCase> selected_cases(const FlagSet& flags, const TestBinary& binary,
                                     const std::atomic<bool>* interrupted);

/// Executes the binary in our place, as if ttrace were not there.
[[noreturn]] void run_untouched(const TestBinary& binary);

/// Throws UsageError for a name that this version does not know.
const Framework& framework_of(const std::string& name);

}  // namespace ttrace
