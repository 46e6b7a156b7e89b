#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "hunt/progress.h"
#include "hunt/results.h"

namespace ttrace {

/// What to hunt.
struct HuntPlan {
  std::string framework;  ///< for the trace
  std::vector<TestCase> cases;
  int attempts = 1;  ///< of each case; 0: until the time is up
  /// No attempt begins later than this; zero: no limit. The cases take turns then, so that the last
  /// gets as much of it as the first.
  std::chrono::milliseconds time{0};
  /// A case goes on after a failure, so that its rate becomes known; else it ends there.
  bool goes_on = false;
  int keep = 1;            ///< so many different failures of each case
  std::uint64_t seed = 0;  ///< from which every attempt's is derived
  /// None: a case's first attempt is without, the others are mixed.
  std::optional<Chaos> chaos;
  const std::atomic<bool>* interrupted = nullptr;
  /// The command line that opens a kept trace.
  std::function<std::string(const std::string& path)> debug_command;
  /// Removes a trace that turned out to be of a failure that is kept already.
  std::function<void(const std::string& path)> remove_trace;
};

/// Runs every case until it fails, up to `attempts` times; keeps and verifies failing attempts
/// only. An interrupt ends it with what was found so far.
///
/// Attempts are begun in order and reported in any; a case takes note of them in order, so that
/// what is said of it depends on the seed and not on who was faster (docs/decisions/0023).
///
/// Says nothing at its beginning or end: call progress.begin() before it and progress.end() after
/// it, also when it throws; `results` is right at any time. Throws Error if the recorder cannot
/// run.
void hunt(const HuntPlan& plan, Crew& crew, Progress& progress, HuntResults& results);

}  // namespace ttrace
