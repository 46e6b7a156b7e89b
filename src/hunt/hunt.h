#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "hunt/lab.h"
#include "hunt/progress.h"

namespace ttrace {

/// What to hunt.
struct HuntPlan {
  std::string framework;  ///< for the trace
  std::vector<TestCase> cases;
  int attempts = 1;        ///< of each case, until it fails
  std::uint64_t seed = 0;  ///< from which every attempt's is derived
  /// None: a case's first attempt is without, the others are mixed.
  std::optional<Chaos> chaos;
  Rules rules;
  const std::atomic<bool>* interrupted = nullptr;
  /// The command line that opens a kept trace.
  std::function<std::string(const std::string& path)> debug_command;
};

/// Runs every case until it fails, up to `attempts` times; keeps and verifies the failing attempt
/// only and goes on with the next case. An interrupt ends it with what was found so far. Says
/// nothing at its beginning or end: call progress.begin() before it and progress.end() after it,
/// also when it throws; `tally` is right at any time. Throws Error if the recorder cannot run.
void hunt(const HuntPlan& plan, Lab& lab, Progress& progress, HuntTally& tally);

/// The exit code of a run:
///   1            a case failed, and its trace was kept
///   2            a failure's trace could not be kept; or none failed, and a case could not be
///                recorded
///   128 + signal none failed, and the user interrupted it
///   0            otherwise
int exit_code(const HuntTally& tally, int interrupting_signal);

}  // namespace ttrace
