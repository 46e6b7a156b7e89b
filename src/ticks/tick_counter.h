#pragma once

#include <signal.h>

#include <cstdint>
#include <memory>
#include <string>

#include "ticks/overflow_precision.h"
#include "tracee/memory.h"
#include "tracee/task.h"

namespace ttrace {

/// Counts the ticks of one traced thread, and stops it when so many more were counted: late, by a
/// signal. The thread stands still whenever a method is called. Its signal must not be blocked in
/// the thread: where it is, the thread is stopped when it unblocks it.
class TickCounter {
 public:
  /// No library uses it, and Linux sends it for nothing on x86.
  static constexpr int kSignal = SIGSTKFLT;

  virtual ~TickCounter() = default;
  /// Since the creation, or reset(), exact.
  virtual std::uint64_t ticks() const = 0;
  virtual void reset() = 0;
  /// The signal comes when `period` (at least 1) more ticks were counted, and late.
  virtual void overflow_after(std::uint64_t period) = 0;
  /// No signal comes; one that is on its way may.
  virtual void overflow_never() = 0;
  /// Whether a signal is this counter's.
  virtual bool is_overflow(const siginfo_t& info) const = 0;

  /// How the thread is to be resumed so that it is counted, if it is to go on as `how`: asked
  /// before each resume in user code.
  virtual Resume prepare(Resume how) { return how; }
  /// Told of the stop that follows. True: it is the counter's own, nobody asked for it; the thread
  /// is to be resumed in the same way (prepare() again).
  virtual bool absorbs(const StopStatus& stop) {
    (void)stop;
    return false;
  }
  /// It counts by traps, which the kernel forces upon a thread that blocks SIGTRAP: that is then
  /// unblocked, and has no handler.
  virtual bool forces_traps() const { return false; }
};

/// Makes counters of one kind.
class TickCounters {
 public:
  virtual ~TickCounters() = default;
  /// From now on; lives no longer than the thread's address space, whose `memory` must stay. Throws
  /// TaskGone, CounterError.
  virtual std::unique_ptr<TickCounter> count(Task thread, const Memory& memory) const = 0;
  virtual OverflowPrecision precision() const = 0;
  /// What is counted, as traces name it (TraceInfo::hardware_ticks).
  virtual std::string event() const = 0;
};

}  // namespace ttrace
