#pragma once

#include <chrono>

namespace ttrace {

/// How long an attempt has run, as its time limit counts it: only time in which the recorder
/// watched. A recorder that did not get to look for a while (stopped by Ctrl-Z, waiting for its
/// disk, on a virtual machine that was paused) held the program up itself, and must not take that
/// for a hang of the program. Times are monotonic_time() values.
class AttemptClock {
 public:
  using Time = std::chrono::nanoseconds;

  /// How often a recorder looks while it waits.
  static constexpr std::chrono::milliseconds kBetweenLooks{50};
  /// Of a longer time between two looks no more than this counts: a few of those.
  static constexpr Time kLongestGap = std::chrono::milliseconds(250);

  explicit AttemptClock(Time now) : looked_(now) {}

  /// To be called often. `counts` is false if the program could not go on for no reason of its own.
  void look(Time now, bool counts = true);

  Time counted() const { return counted_; }

 private:
  Time looked_;
  Time counted_{0};
};

}  // namespace ttrace
