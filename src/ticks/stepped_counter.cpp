#include "ticks/stepped_counter.h"

#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>

#include "base/error.h"
#include "tracee/single_step.h"

namespace ttrace {
namespace {

constexpr std::size_t kLongestInstruction = 15;

bool is_in(unsigned byte, unsigned first, unsigned last) { return byte >= first && byte <= last; }

bool is_legacy_prefix(unsigned byte) {
  constexpr std::array<unsigned, 11> kPrefixes = {0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x2e,
                                                  0x36, 0x3e, 0x26, 0x64, 0x65};
  return std::ranges::find(kPrefixes, byte) != kPrefixes.end();
}

Resume stepwise(Resume how) {
  switch (how) {
    case Resume::run:
      return Resume::step;
    case Resume::emulate:
      return Resume::emulate_step;
    default:
      return how;
  }
}

/// A debug register was met by the step: it is a stop that somebody asked for.
bool met_debug_register(Task thread) {
  constexpr long kMet = 0xf;
  errno = 0;
  const long met = ptrace(PTRACE_PEEKUSER, thread.tid().value(),
                          offsetof(user, u_debugreg) + 6 * sizeof(user::u_debugreg[0]), nullptr);
  if (errno == ESRCH) throw TaskGone(thread.tid());
  return errno == 0 && (met & kMet) != 0;
}

}  // namespace

// AMD64 manual volume 3, appendix A.
bool is_conditional_branch(ByteView code) {
  std::size_t at = 0;
  const auto byte = [&] { return at < code.size() ? std::to_integer<unsigned>(code[at]) : 0u; };
  while (is_legacy_prefix(byte())) ++at;
  if (is_in(byte(), 0x40, 0x4f)) ++at;  // REX
  constexpr unsigned kTwoBytes = 0x0f;
  if (byte() == kTwoBytes) {
    ++at;
    return is_in(byte(), 0x80, 0x8f);
  }
  return is_in(byte(), 0x70, 0x7f) || is_in(byte(), 0xe0, 0xe3);
}

SteppedCounter::SteppedCounter(Task thread, const Memory& memory, std::uint64_t seed,
                               std::uint64_t most_skid)
    : thread_(thread), memory_(memory), random_(seed), most_skid_(most_skid) {}

void SteppedCounter::overflow_after(std::uint64_t period) {
  overflow_never();
  overflow_at_ = count_ + period;
  skid_ = random_() % most_skid_;
}

/// One that is on its way cannot be called back.
void SteppedCounter::overflow_never() {
  send_if(overflow_at_ && count_ >= *overflow_at_);
  overflow_at_.reset();
}

void SteppedCounter::send_if(bool is_due) {
  if (!is_due) return;
  overflow_at_.reset();
  if (syscall(SYS_tkill, thread_.tid().value(), kSignal) == 0) return;
  if (errno == ESRCH) throw TaskGone(thread_.tid());
  throw_errno("tkill of a thread that is counted");
}

bool SteppedCounter::is_overflow(const siginfo_t& info) const {
  return info.si_signo == kSignal && info.si_code == SI_TKILL && info.si_pid == getpid();
}

Resume SteppedCounter::prepare(Resume how) {
  prepared_ = true;
  asked_ = how;
  at_ = Address(thread_.registers().rip);
  std::array<std::byte, kLongestInstruction> code{};
  const std::size_t size = memory_.read(at_, code);
  counts_ = is_conditional_branch(std::span(code).first(size));
  return stepwise(how);
}

bool SteppedCounter::absorbs(const StopStatus& stop) {
  if (!std::exchange(prepared_, false)) return false;
  const bool enters_kernel =
      stop.kind == StopStatus::Kind::syscall ||
      (stop.kind == StopStatus::Kind::event && stop.value == PTRACE_EVENT_SECCOMP);
  if (enters_kernel) {
    hide_step();
    send_if(overflow_at_ && count_ >= *overflow_at_);
    return false;
  }
  const bool is_trap = stop.kind == StopStatus::Kind::signal && stop.value == SIGTRAP;
  if (!is_trap) return false;
  const int code = thread_.signal_info().si_code;
  // At the exit of a system call: a step that executes nothing (user_single_step_report()).
  if (code == TRAP_BRKPT && thread_.registers().rip == at_.value()) return true;
  if (code != TRAP_TRACE) return false;
  if (counts_) ++count_;
  hide_step();
  send_if(overflow_at_ && count_ >= *overflow_at_ + skid_);
  return stepwise(asked_) != asked_ && !met_debug_register(thread_);
}

/// The trap flag must not show, in memory or registers, and not stay.
void SteppedCounter::hide_step() const {
  const GeneralRegisters before = thread_.registers();
  GeneralRegisters regs = before;
  hide_trap_flag(memory_, at_, regs);
  if (regs.eflags != before.eflags || regs.r11 != before.r11) thread_.set_registers(regs);
}

}  // namespace ttrace
