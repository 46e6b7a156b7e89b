#include "ticks/approach.h"

#include <fmt/format.h>

#include <array>

namespace ttrace {
namespace {

// The trap flag, and the resume flag that the kernel sets when a breakpoint is passed.
constexpr std::uint64_t kDebugFlags = 0x10100;

/// Notices a thread that is stopped again and again without making progress.
class IdleHalts {
 public:
  IdleHalts(std::uint64_t ticks, std::uint64_t most) : ticks_(ticks), most_(most) {}
  /// Of one more halt: whether it was one too many.
  bool too_many(std::uint64_t ticks) {
    idle_ = ticks == ticks_ ? idle_ + 1 : 0;
    ticks_ = ticks;
    return idle_ > most_;
  }

 private:
  std::uint64_t ticks_;
  std::uint64_t most_;
  std::uint64_t idle_ = 0;
};

// Overflows at which nothing was counted; some signals of an earlier period may come late.
constexpr std::uint64_t kMostStaleOverflows = 16;

std::string place_text(std::uint64_t ticks, const GeneralRegisters& regs) {
  return fmt::format("{} ticks at {:#x} (sp {:#x})", ticks, regs.rip, regs.rsp);
}

// In the order of GeneralRegisters (sys/user.h).
constexpr std::array<const char*, kRegisterCount> kNames = {
    "r15",    "r14", "r13", "r12",     "rbp",     "rbx", "r11",      "r10", "r9",
    "r8",     "rax", "rcx", "rdx",     "rsi",     "rdi", "orig_rax", "rip", "cs",
    "eflags", "rsp", "ss",  "fs_base", "gs_base", "ds",  "es",       "fs",  "gs"};

/// Without what user code cannot tell apart.
GeneralRegisters comparable(GeneralRegisters regs) {
  regs.orig_rax = 0;
  regs.eflags &= ~kDebugFlags;
  return regs;
}

/// "rax 0x1 instead of 0x2, ...".
std::string difference_text(const GeneralRegisters& found, const GeneralRegisters& wanted) {
  const GeneralRegisters left = comparable(found), right = comparable(wanted);
  std::string text;
  for (unsigned i = 0; i < kRegisterCount; ++i) {
    const std::uint64_t a = register_at(left, i), b = register_at(right, i);
    if (a == b) continue;
    text += fmt::format("{}{} {:#x} instead of {:#x}", text.empty() ? "" : ", ", kNames[i], a, b);
  }
  return text;
}

Divergence missed(const TickPoint& point, std::uint64_t ticks, const GeneralRegisters& regs,
                  const std::optional<GeneralRegisters>& similar = std::nullopt) {
  return Divergence(fmt::format(
      "the recorded point, {}, was not met: the thread is at {}{}",
      place_text(point.ticks, point.registers), place_text(ticks, regs),
      similar ? ", and was there with " + difference_text(*similar, point.registers) : ""));
}

}  // namespace

bool same_place(const GeneralRegisters& a, const GeneralRegisters& b) {
  const GeneralRegisters left = comparable(a), right = comparable(b);
  for (unsigned i = 0; i < kRegisterCount; ++i) {
    if (register_at(left, i) != register_at(right, i)) return false;
  }
  return true;
}

Approach::End Approach::reach(CountedThread& thread, const TickPoint& point) const {
  if (const auto end = come_near(thread, point)) return *end;
  return find(thread, point);
}

/// As near as overflows can bring it. Nothing if it stands before the point then.
std::optional<Approach::End> Approach::come_near(CountedThread& thread,
                                                 const TickPoint& point) const {
  std::uint64_t now = thread.ticks();
  if (now > point.ticks) throw missed(point, now, thread.registers());
  IdleHalts stale(now, kMostStaleOverflows);
  while (point.ticks - now > precision_.skid &&
         point.ticks - now - precision_.skid >= precision_.least_period) {
    const std::uint64_t period = point.ticks - now - precision_.skid;
    const std::uint64_t before = now;
    const Halt halt = thread.run(period, std::nullopt);
    now = thread.ticks();
    // With as many ticks it may stand before the point or behind it.
    if (now >= point.ticks) {
      throw OverflowLate(fmt::format(
          "the tick counter stopped the thread {} ticks late, less than {} were allowed for: go "
          "there again from an earlier place with a larger skid",
          now - before - period, precision_.skid));
    }
    if (halt == Halt::elsewhere) return End::elsewhere;
    if (stale.too_many(now)) {
      throw CounterStuck(
          "the tick counter overflows without counting: run \"ttrace doctor\", or use "
          "--ttrace-ticks=software");
    }
  }
  return std::nullopt;
}

/// From a place that is not behind the point: from one execution of its instruction to the next.
Approach::End Approach::find(CountedThread& thread, const TickPoint& point) const {
  const Address place(point.registers.rip);
  IdleHalts idle(thread.ticks(), most_idle_halts_);
  std::optional<GeneralRegisters> similar;  // the last at the point's instruction and ticks
  for (;;) {
    const std::uint64_t now = thread.ticks();
    const GeneralRegisters regs = thread.registers();
    if (now > point.ticks) throw missed(point, now, regs, similar);
    if (now == point.ticks && same_place(regs, point.registers)) return End::reached;
    if (idle.too_many(now)) throw missed(point, now, regs, similar);
    // A repeated instruction meets its breakpoint once, and can be interrupted at any turn.
    const bool between_turns = now == point.ticks && regs.rip == point.registers.rip;
    if (between_turns) similar = regs;
    // The overflow is for a thread that never comes there: it must not run on forever.
    const Halt halt = between_turns
                          ? thread.step()
                          : thread.run(point.ticks - now + precision_.least_period, place);
    if (halt != Halt::elsewhere) continue;
    const std::uint64_t then = thread.ticks();
    if (then > point.ticks) throw missed(point, then, thread.registers(), similar);
    return End::elsewhere;
  }
}

Settled settle(CountedThread& thread, std::uint64_t most_steps) {
  const std::uint64_t start = thread.ticks();
  for (std::uint64_t i = 0; i < most_steps; ++i) {
    if (thread.step() == Halt::elsewhere) return Settled::elsewhere;
    if (thread.ticks() != start) return Settled::there;
  }
  return Settled::nowhere;
}

}  // namespace ttrace
