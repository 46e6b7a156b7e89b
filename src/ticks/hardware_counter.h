#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/fd.h"
#include "base/types.h"
#include "ticks/event_encoding.h"
#include "ticks/tick_counter.h"

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

/// Counts one event in the user code of one thread (perf_event_open(2)). Counts from its creation
/// on, whether or not the thread is traced.
class HardwareCounter : public TickCounter {
 public:
  /// Throws CounterError, or TaskGone if there is no such thread.
  HardwareCounter(const EncodedEvent& event, Tid tid);

  /// Throws CounterError if the kernel took the counter away.
  std::uint64_t ticks() const override;
  void reset() override;
  void overflow_after(std::uint64_t period) override;
  void overflow_never() override;
  bool is_overflow(const siginfo_t& info) const override;

 private:
  std::uint64_t read() const;
  void set_period(std::uint64_t period);

  Fd fd_;
  std::uint64_t start_ = 0;
};

/// Counters of the CPU's own event.
class HardwareCounters : public TickCounters {
 public:
  HardwareCounters(EncodedEvent event, OverflowPrecision precision)
      : event_(std::move(event)), precision_(precision) {}
  std::unique_ptr<TickCounter> count(Task thread, const Memory& memory) const override {
    (void)memory;
    return std::make_unique<HardwareCounter>(event_, thread.tid());
  }
  OverflowPrecision precision() const override { return precision_; }
  std::string event() const override { return event_.name; }

 private:
  EncodedEvent event_;
  OverflowPrecision precision_;
};

}  // namespace ttrace
