#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "hunt/results.h"

namespace ttrace {

/// Where a hunt writes. Writing never throws: a closed or full standard output must not cost a
/// result.
struct Console {
  std::function<void(std::string_view)> out;  ///< standard output
  std::function<void(std::string_view)> err;  ///< standard error
  bool terminal = false;                      ///< out is one: a line may be rewritten
  unsigned width = 80;                        ///< of the terminal
};

/// The words of a hunt: plain lines, and on a terminal one line more that changes while a case
/// runs. Knows nothing of how a hunt works.
class Progress {
 public:
  using Clock = std::function<std::chrono::milliseconds()>;
  Progress(Console console, Clock clock);

  /// What is about to be done, as the user asked for it.
  struct Aim {
    int attempts = 1;                   ///< of each case; 0: no limit
    std::chrono::milliseconds time{0};  ///< zero: no limit
    int jobs = 1;
    std::uint64_t seed = 0;
    std::string how_to_repeat;  ///< "--ttrace-seed=7"
  };
  void begin(const std::vector<TestCase>& cases, const Aim& aim);
  /// After every attempt of a case that goes on; shown at most ten times a second, and only on a
  /// terminal. `of`: attempts, 0 if they are not limited.
  void running(const CaseResult& so_far, int of, std::chrono::milliseconds time);
  void verifying(const CaseResult& so_far);
  /// Once for each different text.
  void warning(const std::string& text);
  void case_done(const CaseResult& result, int of);
  void end(const HuntResults& results);

 private:
  void result_line(const CaseResult& result, const std::string& outcome, const std::string& rate);
  void tell_failures(const CaseResult& result);
  void tell_failure(const CaseResult& result, const KeptFailure& failure);
  void status(const std::string& text);
  void clear_status();

  Console console_;
  Clock clock_;
  std::size_t name_width_ = 0;
  std::chrono::milliseconds began_{0};
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
