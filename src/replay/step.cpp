// Single steps as the original program has them: what the text as it runs has more (jumps to stubs,
// counting) is no instruction of its own, and all turns of a repeated one are one.
#include <algorithm>
#include <array>

#include "replay/state.h"
#include "rewrite/active_plan.h"

namespace ttrace {
namespace {

std::optional<OriginalPlace> place_of(const ReplaySpace& space, std::uint64_t pc) {
  for (const ActivePlan& plan : space.plans) {
    if (const auto place = plan.original_place(Address(pc))) return place;
  }
  return {};
}

/// Whether a step of the host between these two executed an instruction of the original program.
bool executes_original(const ReplaySpace& space, std::uint64_t from, std::uint64_t to) {
  if (const auto place = place_of(space, from)) return place->executes;
  // A jump that was put over the instruction leads to a copy of it, or to counting before one.
  const auto place = place_of(space, to);
  return !place || place->address != from;
}

std::array<std::byte, 15> code_at(const ReplaySpace& space, Address at) {
  std::array<std::byte, 15> code{};
  space.host->memory().read(at, code);
  if (const auto found = space.breakpoints.find(at); found != space.breakpoints.end()) {
    code[0] = found->second.covered;
  }
  return code;
}

/// The length of a repeated string instruction; 0 for any other (AMD64 manual volume 3, 1.2).
std::size_t repeated_length(const std::array<std::byte, 15>& code) {
  bool repeats = false;
  for (std::size_t i = 0; i < code.size(); ++i) {
    const auto byte = std::to_integer<unsigned>(code[i]);
    const bool other_prefix = byte == 0x66 || byte == 0x67 || byte == 0x26 || byte == 0x2e ||
                              byte == 0x36 || byte == 0x3e || byte == 0x64 || byte == 0x65 ||
                              (byte & 0xf0) == 0x40;
    if (byte == 0xf2 || byte == 0xf3) {
      repeats = true;
    } else if (!other_prefix) {
      const bool is_string = (byte >= 0xa4 && byte <= 0xa7) || (byte >= 0xaa && byte <= 0xaf);
      return repeats && is_string ? i + 1 : 0;
    }
  }
  return 0;
}

}  // namespace

bool is_between(const ReplaySpace& space, std::uint64_t pc) {
  const auto place = place_of(space, pc);
  return place && !place->executes;
}

/// Executes one instruction of the original program: Outcome::stepped, or ::watchpoint if it hit
/// one, unless something else came first. `pass`: also if a breakpoint lies there.
Replayer::State::Outcome Replayer::State::step_instruction(ReplayContext& thread,
                                                           const Event& event, bool pass) {
  const ReplaySpace& space = *thread.process->space;
  const std::uint64_t start = thread.regs.rip;
  const std::uint64_t ticks = thread.ticks;
  const std::optional<std::uint64_t> before = thread.instructions;
  std::optional<WatchRange> seen;
  Stretch stretch;
  stretch.one_instruction = true;
  stretch.pass = pass;
  bool meets_breakpoint = false;
  for (bool executed = false; !executed || is_between(space, thread.regs.rip);) {
    const std::uint64_t from = thread.regs.rip;
    const Outcome outcome = execute(thread, event, stretch);
    if (outcome == Outcome::watchpoint) seen = watch_hit;
    if (outcome == Outcome::arrived && seen) return watched_arrival(*seen);
    // On the way to where the next one lies: this one is made, and the breakpoint is that one's.
    meets_breakpoint = outcome == Outcome::breakpoint && executed;
    if (meets_breakpoint) break;
    if (outcome != Outcome::watchpoint && outcome != Outcome::stepped) return outcome;
    if (executes_original(space, from, thread.regs.rip)) executed = true;
    if (thread.ticks != ticks && !place_of(space, thread.regs.rip)) break;
  }
  if (thread.regs.rip == start && !std::holds_alternative<StepsEvent>(event.body)) {
    const std::size_t length = repeated_length(code_at(space, Address(start)));
    if (length != 0 && thread.regs.rcx != 0) {
      const Outcome outcome = finish_repetition(thread, event, Address(start + length));
      if (outcome == Outcome::watchpoint) seen = watch_hit;
      if (outcome == Outcome::arrived && seen) return watched_arrival(*seen);
      if (outcome != Outcome::watchpoint && outcome != Outcome::stepped) return outcome;
    }
  }
  thread.instructions = before;
  if (thread.ticks != ticks) {
    thread.instructions = 0;
  } else if (thread.instructions) {
    ++*thread.instructions;
  }
  watch_hit = seen;
  if (seen) return Outcome::watchpoint;
  return meets_breakpoint ? Outcome::breakpoint : Outcome::stepped;
}

/// An instruction that hit a watchpoint brought the thread to its event, too.
Replayer::State::Outcome Replayer::State::watched_arrival(const WatchRange& hit) {
  arrived = true;
  watch_hit = hit;
  return Outcome::watchpoint;
}

/// If the thread stands in the middle of a repeated instruction that has just reached watched
/// memory: where the next one begins.
std::optional<Address> Replayer::State::behind_repetition(const ReplayContext& thread) const {
  // AMD's CPUs stop after the turn that reached it, Intel's after as many as make a cache line (SDM
  // volume 1, 7.3.9.3, Fast-String Operation).
  constexpr std::uint64_t kNear = 64;
  const ReplaySpace& space = *thread.process->space;
  const GeneralRegisters& regs = thread.regs;
  const std::size_t length = repeated_length(code_at(space, Address(regs.rip)));
  if (length == 0 || regs.rcx == 0 || !watch_hit) return {};
  const auto reaches = [&](std::uint64_t address) {
    return address + kNear >= watch_hit->at.value() &&
           address <= watch_hit->at.value() + watch_hit->length + kNear;
  };
  if (!reaches(regs.rdi) && !reaches(regs.rsi)) return {};
  return Address(regs.rip + length);
}

/// The other turns of a repeated instruction, at full speed.
Replayer::State::Outcome Replayer::State::finish_repetition(ReplayContext& thread,
                                                            const Event& event, Address next) {
  ReplaySpace& space = *thread.process->space;
  std::optional<WatchRange> seen;
  const std::uint64_t here = thread.regs.rip;
  const bool stops_behind = space.insert_breakpoint(next);
  Outcome outcome = Outcome::stepped;
  while (thread.regs.rip == here) {
    Stretch stretch;
    stretch.pass = true;
    stretch.one_instruction = !stops_behind;
    outcome = execute(thread, event, stretch);
    if (outcome == Outcome::watchpoint) seen = watch_hit;
    if (outcome == Outcome::arrived || outcome == Outcome::interrupted) break;
  }
  if (stops_behind) space.remove_breakpoint(next);
  if (outcome == Outcome::arrived || outcome == Outcome::interrupted) return outcome;
  watch_hit = seen;
  return seen ? Outcome::watchpoint : Outcome::stepped;
}

}  // namespace ttrace
