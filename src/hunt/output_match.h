#pragma once

#include <optional>
#include <span>
#include <string>

#include "record/recorder.h"

namespace ttrace {

/// Where a program's output first matches.
struct OutputMatch {
  EventNumber event;  ///< the write that completes it
  std::string line;   ///< that it is in
};

/// Looks for a POSIX extended regular expression, line by line, in both streams in the order of the
/// writes. Throws UsageError if the pattern is none.
std::optional<OutputMatch> find_in_output(std::span<const OutputChunk> output,
                                          const std::string& pattern);

/// Throws the same UsageError now.
void check_pattern(const std::string& pattern);

}  // namespace ttrace
