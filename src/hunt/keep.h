#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hunt/environment.h"
#include "record/recorder.h"
#include "trace/info.h"

namespace ttrace {

/// A case's or program's name as part of a file name: letters, digits, `.`, `_`, `-` and `+` stay,
/// everything else (the slashes of parametrised names among it) becomes `_`, a leading dot or dash
/// too, and what is longer than 200 bytes is cut. Names that become equal get different numbers.
std::string trace_stem(const std::string& name);

/// DIRECTORY/STEM-N.ttrace with the lowest N from 1 that is free.
std::string next_trace_path(const std::string& directory, const std::string& stem);

/// Keeps under the next free name in `directory` (made on demand, 0700), also when other processes
/// do the same at that moment. Returns the path. Throws what keep() of trace/recording.h throws.
std::string keep_as(const Recording& recording, const TraceInfo& info, const std::string& directory,
                    const std::string& stem);

/// Throws Error now if nothing could be kept in `directory` later: found before the first attempt,
/// not after the first failure. Leaves nothing there. `advice` is how the user names another place:
/// "--ttrace-dir=DIR".
void check_trace_directory(const std::string& directory, const std::string& advice);

/// What is said of every recording: who wrote it, what ran, where, and how it ended. The caller
/// adds the case, the seed and the verdict.
TraceInfo describe_recording(const Program& program, const RecordResult& result);

/// What became of the replay of a trace that was just kept.
struct Verification {
  enum class Outcome { verified, failed, interrupted };
  Outcome outcome = Outcome::verified;
  std::string problem;  ///< one line, if failed
};

/// Replays the trace once to its end and compares what it writes with `expected`, where that is
/// known. Never throws for what the trace does: that is the answer.
Verification verify_by_replay(const std::string& path,
                              const std::optional<std::vector<OutputChunk>>& expected,
                              const std::atomic<bool>* interrupted);

}  // namespace ttrace
