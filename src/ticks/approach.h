#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/registers.h"
#include "base/types.h"
#include "ticks/overflow_precision.h"

namespace ttrace {

/// Why a thread that was let run stands still again.
enum class Halt : std::uint8_t {
  overflow,    ///< its counter overflowed, some ticks ago
  breakpoint,  ///< it is about to execute the instruction at the breakpoint
  stepped,     ///< it has executed one instruction, or one turn of a repeated one
  elsewhere,   ///< a system call, a signal, its end: nothing that the approach asked for
};

/// A stopped thread whose ticks are counted by something that stops it too late. Whoever implements
/// it owns the counter and the breakpoint; between two calls the thread stands still.
class CountedThread {
 public:
  virtual ~CountedThread() = default;
  /// Since some moment that stays the same, exact.
  virtual std::uint64_t ticks() = 0;
  virtual GeneralRegisters registers() = 0;
  /// Runs until `period` (at least 1) more ticks were counted and the counter's signal has come,
  /// or, if there is one, to the breakpoint. Where it stands at that, it passes it first, with all
  /// turns of a repeated instruction.
  virtual Halt run(std::uint64_t period, std::optional<Address> breakpoint) = 0;
  /// Executes one instruction, or one turn of a repeated one.
  virtual Halt step() = 0;
};

/// A place in a thread's execution: the first one since the approach began that has this many ticks
/// and these registers (same_place()). Use settle() to choose one when recording: then nothing else
/// can be meant.
struct TickPoint {
  std::uint64_t ticks = 0;
  GeneralRegisters registers{};
};

/// Whether user code cannot tell the registers apart: all but orig_rax, and of the flags but those
/// that debugging sets.
bool same_place(const GeneralRegisters& a, const GeneralRegisters& b);

/// The counter stopped the thread where the point may be behind it: it came later than its skid
/// allows. Nothing is wrong with the trace: seek again from an earlier place, with a larger skid.
class OverflowLate : public Error {
 public:
  using Error::Error;
};

/// The counter does not count, or its overflows do not come.
class CounterStuck : public Error {
 public:
  using Error::Error;
};

/// Brings threads to points: lets them run until `skid` ticks before, and from there from one
/// execution of the point's instruction to the next until ticks and registers are the point's. It
/// stops there or throws; it never stops at another place that has other ticks or registers.
class Approach {
 public:
  /// `most_idle_halts`: so many stops in a row without a tick mean that none will come.
  explicit Approach(OverflowPrecision precision, std::uint64_t most_idle_halts = 1 << 20)
      : precision_(precision), most_idle_halts_(most_idle_halts) {}

  enum class End : std::uint8_t {
    reached,
    elsewhere,  ///< the thread stopped for another reason, before the point
  };
  /// Throws OverflowLate, CounterStuck, or Divergence if the thread passes the point's ticks
  /// without having had its registers.
  End reach(CountedThread& thread, const TickPoint& point) const;

 private:
  std::optional<End> come_near(CountedThread& thread, const TickPoint& point) const;
  End find(CountedThread& thread, const TickPoint& point) const;

  OverflowPrecision precision_;
  std::uint64_t most_idle_halts_;
};

enum class Settled : std::uint8_t {
  there,      ///< at the first place that has this many ticks
  elsewhere,  ///< it stopped for another reason before
  nowhere,    ///< no tick within the steps: let it run on and try again
};

/// Where an overflow stopped a thread is no point: other turns of a loop without ticks can look the
/// same. Steps it to right after its next tick.
Settled settle(CountedThread& thread, std::uint64_t most_steps);

}  // namespace ttrace
