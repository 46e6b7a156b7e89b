#pragma once

#include <signal.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/fd.h"
#include "base/types.h"
#include "ticks/event_encoding.h"

namespace ttrace {

/// A counter that cannot be had or does not count; what() says why and what to do.
class CounterError : public Error {
 public:
  CounterError(const std::string& text, int error) : Error(text), error_(error) {}
  /// errno, or 0.
  int error() const { return error_; }

 private:
  int error_;
};

/// Why perf_event_open(2) refuses with `error`, and what to do. `paranoid`:
/// kernel.perf_event_paranoid, if it is known.
std::string refusal_text(int error, std::optional<int> paranoid);

/// kernel.perf_event_paranoid as a file shows it; nothing if that holds no number.
std::optional<int> parse_paranoid(const std::string& text);

/// Counts one event in the user code of one thread, and sends that thread a signal when so many
/// more were counted. Counts from its creation on, whether or not the thread is traced; the thread
/// stands still whenever a method is called. Its signal must not be blocked in the thread: where it
/// is, the thread is stopped when it unblocks it.
class HardwareCounter {
 public:
  /// No library uses it, and Linux sends it for nothing on x86.
  static constexpr int kSignal = SIGSTKFLT;

  /// Throws CounterError, or TaskGone if there is no such thread.
  HardwareCounter(const EncodedEvent& event, Tid tid);

  /// Since the creation, or reset(). Throws CounterError if the kernel took the counter away.
  std::uint64_t ticks() const;
  void reset();
  /// The signal comes when `period` (at least 1) more ticks were counted, and late.
  void overflow_after(std::uint64_t period);
  /// No signal comes; one that is on its way may.
  void overflow_never();
  /// Whether a signal is this counter's.
  bool is_overflow(const siginfo_t& info) const;

 private:
  std::uint64_t read() const;
  void set_period(std::uint64_t period);

  Fd fd_;
  std::uint64_t start_ = 0;
};

}  // namespace ttrace
