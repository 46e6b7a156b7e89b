#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "hunt/cases.h"
#include "hunt/keep.h"
#include "hunt/verdict.h"
#include "record/chaos.h"
#include "trace/info.h"

namespace ttrace {

/// One attempt to be made.
struct AttemptOrder {
  std::size_t test = 0;  ///< index into the hunt's cases
  int attempt = 1;       ///< its number in that case, from 1
  std::uint64_t seed = 0;
  Chaos chaos = Chaos::mixed;
  std::uint64_t expected_ticks = 0;  ///< RecordOptions::expected_ticks
  std::uint64_t case_seed = 0;       ///< of what the attempts of a case have in common
};

/// What an attempt said.
struct AttemptReport {
  Verdict verdict;
  std::vector<std::string> warnings;
  std::string output;                 ///< of failures only: both streams in order
  std::uint64_t contended_ticks = 0;  ///< RecordResult::contended_ticks
};

/// What became of the trace of a failing attempt.
struct KeptTrace {
  std::optional<std::string> path;  ///< none: it could not be kept,
  std::string not_kept;             ///< because of this
  std::uint64_t size = 0;
  Verification verification;
  /// The functions on the stack where it failed, if that was asked for and can be told; else "".
  std::string stack;
};

/// Those who make the attempts, each one at a time. The hunt says who does what, and waits for
/// whoever is done first. A member that reported a failing attempt holds its recording until it is
/// told to keep it or to begin another attempt.
class Crew {
 public:
  struct News {
    int member = 0;
    std::variant<AttemptReport, KeptTrace> what;
  };

  virtual ~Crew() = default;
  virtual int size() const = 0;
  /// `member` must have nothing to do.
  virtual void begin(int member, const AttemptOrder& order) = 0;
  /// Keeps the failing attempt that the member reported last and replays it once. `info` holds what
  /// the hunt knows: case, seed, attempt, verdict.
  virtual void keep(int member, const TraceInfo& info, bool with_stack) = 0;
  /// The next that is done; some member must have something to do. Throws Error if the recorder
  /// cannot run at all.
  virtual News wait() = 0;
  /// Any clock that does not go backwards.
  virtual std::chrono::milliseconds now() = 0;
};

}  // namespace ttrace
