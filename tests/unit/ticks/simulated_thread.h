#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <random>
#include <vector>

#include "ticks/approach.h"

namespace ttrace::simulated {

enum class Op : std::uint8_t {
  add,            ///< rax += value
  set_count,      ///< rcx = value
  count_down,     ///< --rcx, and the zero flag
  count_cell,     ///< ++cells[value], which no register shows
  test_cell,      ///< the zero flag: cells[value] == limit
  jump_not_zero,  ///< to value: the one instruction that ticks
  jump,           ///< to value
  jump_table,     ///< to value while cells[limit] < kTableTurns: an indirect jump, no tick
  call,           ///< to value
  ret,
  repeat,       ///< a repeated instruction: one turn a step while rcx > 0
  system_call,  ///< where the thread stops by itself
};

constexpr std::uint64_t kTableTurns = 7;

struct Instruction {
  Op op;
  std::uint64_t value = 0;
  std::uint64_t limit = 0;
};
using Program = std::vector<Instruction>;

constexpr std::uint64_t kText = 0x401000;
constexpr std::uint64_t kZero = 0x40;

/// What the counter does wrong, drawn anew for each overflow.
struct Counter {
  std::uint64_t least_skid = 0, most_skid = 0;  ///< in ticks
  unsigned most_instructions = 0;               ///< executed after those
  std::uint64_t least_period = 1;               ///< shorter ones become this
  unsigned stale_percent = 0;                   ///< of the runs end at once, with an old signal
  bool stands_still = false;
};

/// A thread of a processor of twelve instructions, and a counter that stops it late.
class Thread : public CountedThread {
 public:
  Thread(const Program& program, const Counter& counter, std::uint64_t seed)
      : program_(program), counter_(counter), random_(seed) {
    regs_.rip = kText;
    regs_.rsp = 0x7fff0000;
  }

  /// How many instructions (turns of repeated ones) it executed: the truth.
  std::uint64_t executed() const { return executed_; }
  std::uint64_t halts() const { return halts_; }

  std::uint64_t ticks() override { return counter_.stands_still ? 0 : ticks_; }
  GeneralRegisters registers() override { return regs_; }

  Halt step() override {
    ++halts_;
    return execute() ? Halt::stepped : Halt::elsewhere;
  }

  Halt run(std::uint64_t period, std::optional<Address> breakpoint) override {
    ++halts_;
    if (draw(1, 100) <= counter_.stale_percent) return Halt::overflow;
    period = std::max(period, counter_.least_period);
    const std::uint64_t stop_at = ticks_ + period + draw(counter_.least_skid, counter_.most_skid);
    std::uint64_t left = draw(0, counter_.most_instructions);
    const std::uint64_t start = regs_.rip;
    bool passing = true;  // the instruction that it stands at
    while (ticks_ < stop_at || left-- > 0) {
      if (!execute()) return Halt::elsewhere;
      passing &= next().op == Op::repeat && regs_.rip == start;
      if (breakpoint && !passing && regs_.rip == breakpoint->value()) return Halt::breakpoint;
      // Not at the next tick, which would be later still.
      if (ticks_ >= stop_at && next().op == Op::jump_not_zero) break;
    }
    return Halt::overflow;
  }

 private:
  const Instruction& next() const { return program_.at((regs_.rip - kText) / 4); }
  std::uint64_t draw(std::uint64_t from, std::uint64_t to) {
    return from >= to ? from : std::uniform_int_distribution(from, to)(random_);
  }
  static std::uint64_t address(std::uint64_t index) { return kText + 4 * index; }
  void set_zero(bool zero) { regs_.eflags = zero ? regs_.eflags | kZero : regs_.eflags & ~kZero; }

  /// False at a system call, which is not executed.
  bool execute() {
    const Instruction& i = next();
    std::uint64_t to = regs_.rip + 4;
    switch (i.op) {
      case Op::add:
        regs_.rax += i.value;
        break;
      case Op::set_count:
        regs_.rcx = i.value;
        break;
      case Op::count_down:
        set_zero(--regs_.rcx == 0);
        break;
      case Op::count_cell:
        ++cells_.at(i.value);
        break;
      case Op::test_cell:
        set_zero(cells_.at(i.value) == i.limit);
        break;
      case Op::jump_not_zero:
        if (!(regs_.eflags & kZero)) to = address(i.value);
        ++ticks_;
        break;
      case Op::jump:
        to = address(i.value);
        break;
      case Op::jump_table:
        if (cells_.at(i.limit) % kTableTurns != 0) to = address(i.value);
        break;
      case Op::call:
        regs_.rsp -= 8;
        stack_[regs_.rsp] = to;
        to = address(i.value);
        break;
      case Op::ret:
        to = stack_.at(regs_.rsp);
        regs_.rsp += 8;
        break;
      case Op::repeat:
        if (regs_.rcx > 0) {
          --regs_.rcx;
          to = regs_.rip;
        }
        break;
      case Op::system_call:
        return false;
    }
    regs_.rip = to;
    ++executed_;
    return true;
  }

  const Program& program_;
  Counter counter_;
  std::mt19937_64 random_;
  GeneralRegisters regs_{};
  std::array<std::uint64_t, 4> cells_{};
  std::map<std::uint64_t, std::uint64_t> stack_;
  std::uint64_t ticks_ = 0, executed_ = 0, halts_ = 0;
};

}  // namespace ttrace::simulated
