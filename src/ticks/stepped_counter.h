#pragma once

#include <memory>
#include <optional>
#include <random>

#include "base/bytes.h"
#include "ticks/tick_counter.h"

namespace ttrace {

/// Whether the instruction at the beginning of `code` counts as a retired conditional branch: jcc,
/// loopcc, jrcxz, taken or not.
bool is_conditional_branch(ByteView code);

/// A counter for machines that have none, for tests: it executes the thread step by step and counts
/// conditional branches, exactly what the events of tick_events.h count. Its overflows are as late
/// as a real counter's, by a number of ticks that is drawn; one that is on its way when the thread
/// enters the kernel comes there. Some 20 microseconds for each instruction.
class SteppedCounter : public TickCounter {
 public:
  /// `most_skid`: an overflow comes less than so many ticks late. At least 1.
  SteppedCounter(Task thread, const Memory& memory, std::uint64_t seed, std::uint64_t most_skid);

  std::uint64_t ticks() const override { return count_ - start_; }
  void reset() override { start_ = count_; }
  void overflow_after(std::uint64_t period) override;
  void overflow_never() override;
  bool is_overflow(const siginfo_t& info) const override;
  Resume prepare(Resume how) override;
  bool absorbs(const StopStatus& stop) override;
  bool forces_traps() const override { return true; }

 private:
  void hide_step() const;
  void send_if(bool is_due);

  Task thread_;
  const Memory& memory_;
  std::mt19937_64 random_;
  std::uint64_t most_skid_;
  std::uint64_t count_ = 0;
  std::uint64_t start_ = 0;
  std::optional<std::uint64_t> overflow_at_;  ///< by count_; none: never, or it was sent
  std::uint64_t skid_ = 0;                    ///< of that overflow
  // Between prepare() and absorbs():
  bool prepared_ = false;
  Resume asked_ = Resume::run;
  Address at_;  ///< the instruction that is executed
  bool counts_ = false;
};

/// Counters of that kind, each with skids of its own.
class SteppedCounters : public TickCounters {
 public:
  static constexpr std::uint64_t kSkid = 32;
  /// As traces name it.
  static constexpr const char* kEvent = "simulated";

  explicit SteppedCounters(std::uint64_t seed, std::uint64_t most_skid = kSkid)
      : random_(seed), most_skid_(most_skid) {}
  std::unique_ptr<TickCounter> count(Task thread, const Memory& memory) const override {
    return std::make_unique<SteppedCounter>(thread, memory, random_(), most_skid_);
  }
  OverflowPrecision precision() const override { return {most_skid_, 1}; }
  std::string event() const override { return kEvent; }

 private:
  mutable std::mt19937_64 random_;
  std::uint64_t most_skid_;
};

}  // namespace ttrace
