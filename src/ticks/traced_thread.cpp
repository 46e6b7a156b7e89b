#include "ticks/traced_thread.h"

#include <sys/ptrace.h>
#include <sys/user.h>

#include <cerrno>
#include <cstddef>
#include <limits>

#include "tracee/single_step.h"

namespace ttrace {
namespace {

// Of debug register 7: the first register is on, for execution (the other fields zero).
constexpr std::uint64_t kFirstOn = 1;
constexpr std::uint64_t kResumeFlag = 0x10000;
constexpr std::uint64_t kNoOverflow = std::numeric_limits<std::uint64_t>::max();

int poke_debug_register(Tid tid, unsigned index, std::uint64_t value) {
  const std::size_t offset = offsetof(user, u_debugreg) + index * sizeof(user::u_debugreg[0]);
  return ptrace(PTRACE_POKEUSER, tid.value(), offset, value) == 0 ? 0 : errno;
}

}  // namespace

TracedThread::TracedThread(Task task, const Memory& memory, TickCounter& counter, Driver driver)
    : task_(task), memory_(memory), counter_(counter), driver_(std::move(driver)) {}

TracedThread::~TracedThread() { clear_breakpoint(); }

void TracedThread::set_breakpoint(Address place) {
  int error = poke_debug_register(task_.tid(), 0, place.value());
  if (error == 0) error = poke_debug_register(task_.tid(), 7, kFirstOn);
  if (error == ESRCH) throw TaskGone(task_.tid());
  if (error != 0) throw SystemError("a debug register of a traced thread", error);
}

/// A thread that has ended has none.
void TracedThread::clear_breakpoint() { poke_debug_register(task_.tid(), 7, 0); }

Halt TracedThread::resume(Resume how, std::uint64_t overflow_at) {
  for (;;) {
    task_.resume(counter_.prepare(how));
    status_ = driver_.wait();
    const StopStatus stop = understand(status_);
    if (counter_.absorbs(stop)) continue;
    if (stop.kind != StopStatus::Kind::signal) return Halt::elsewhere;
    const siginfo_t info = task_.signal_info();
    if (counter_.is_overflow(info)) {
      if (counter_.ticks() >= overflow_at) return Halt::overflow;
      continue;  // of an earlier period
    }
    if (stop.value != SIGTRAP) return Halt::elsewhere;
    if (info.si_code == TRAP_HWBKPT) return Halt::breakpoint;
    return info.si_code == TRAP_TRACE ? Halt::stepped : Halt::elsewhere;
  }
}

Halt TracedThread::step() {
  const Address from(task_.registers().rip);
  const Halt halt = resume(driver_.step, kNoOverflow);
  const StopStatus::Kind kind = understand(status_).kind;
  if (kind == StopStatus::Kind::exited || kind == StopStatus::Kind::killed) return halt;
  GeneralRegisters now = task_.registers();
  const GeneralRegisters seen = now;
  hide_trap_flag(memory_, from, now);
  if (now.eflags != seen.eflags || now.r11 != seen.r11) task_.set_registers(now);
  return halt;
}

Halt TracedThread::run(std::uint64_t period, std::optional<Address> breakpoint) {
  const std::uint64_t overflow_at = counter_.ticks() + period;
  counter_.overflow_after(period);
  if (breakpoint) {
    GeneralRegisters regs = task_.registers();
    if (regs.rip == breakpoint->value()) {
      regs.eflags |= kResumeFlag;  // passes it this time, with all turns of a repeated instruction
      task_.set_registers(regs);
    }
    set_breakpoint(*breakpoint);
  }
  const Halt halt = resume(driver_.run, overflow_at);
  if (breakpoint) clear_breakpoint();
  counter_.overflow_never();
  return halt;
}

}  // namespace ttrace
