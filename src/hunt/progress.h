#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "hunt/cases.h"
#include "hunt/keep.h"
#include "hunt/verdict.h"

namespace ttrace {

/// Where a hunt writes. Writing never throws: a closed or full standard output must not cost a
/// result.
struct Console {
  std::function<void(std::string_view)> out;  ///< standard output
  std::function<void(std::string_view)> err;  ///< standard error
  bool terminal = false;                      ///< out is one: a line may be rewritten
  unsigned width = 80;                        ///< of the terminal
};

/// What a hunt found so far.
struct HuntTally {
  int cases = 0;  ///< that were begun
  int passed = 0;
  int skipped = 0;  ///< every attempt was
  int failed = 0;
  int not_recordable = 0;
  int not_kept = 0;    ///< failures whose trace could not be written; in `failed` too
  int unverified = 0;  ///< failures whose replay went another way; in `failed` too
  std::uint64_t attempts = 0;
  bool interrupted = false;
};

/// One case that failed, as it is reported.
struct FailedCase {
  const TestCase* test = nullptr;
  int attempt = 0;
  Verdict verdict;
  std::string output;               ///< of the failing attempt, both streams in order
  std::optional<std::string> path;  ///< of the trace; none: it could not be kept,
  std::string not_kept;             ///< because of this
  std::uint64_t size = 0;
  Verification verification;
  std::string debug_command;
};

/// The words of a hunt: plain lines, and on a terminal one line more that changes while a case
/// runs. Knows nothing of how a hunt works.
class Progress {
 public:
  using Clock = std::function<std::chrono::milliseconds()>;
  Progress(Console console, Clock clock);

  void begin(const std::vector<TestCase>& cases, int attempts, std::uint64_t seed,
             const std::string& how_to_repeat);
  void case_begins(const TestCase& test);
  /// After every attempt; shown at most ten times a second, and only on a terminal.
  void attempts_done(int done, int of);
  void verifying();
  /// Once for each different text.
  void warning(const std::string& text);

  void case_passed(int attempts, int skipped, const std::string& skip_reason);
  void case_failed(const FailedCase& failed);
  void case_not_recordable(int attempt, const std::string& name);
  void case_interrupted(int done, int of);
  void end(const HuntTally& tally);

 private:
  void result_line(const std::string& outcome);
  void status(const std::string& text);
  void clear_status();

  Console console_;
  Clock clock_;
  std::size_t name_width_ = 0;
  std::string name_;
  std::chrono::milliseconds began_{0}, case_began_{0};
  std::optional<std::chrono::milliseconds> shown_;
  bool status_shown_ = false;
  std::set<std::string> warnings_;
};

/// "312 KiB".
std::string size_text(std::uint64_t bytes);
/// "4.1 s", "2 min 3 s".
std::string duration_text(std::chrono::milliseconds time);
/// As a POSIX shell reads it back: quoted only where needed.
std::string shell_quoted(const std::string& text);

}  // namespace ttrace
