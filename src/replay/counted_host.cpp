#include "replay/counted_host.h"

#include <signal.h>

#include "replay/lifted.h"
#include "tracee/single_step.h"

namespace ttrace {
CountedHost::CountedHost(ReplaySpace& space, std::uint64_t ticks,
                         const std::atomic<bool>* interrupt)
    : space_(space), before_(ticks), interrupt_(interrupt) {
  space.counter->reset();
}

Halt CountedHost::run(std::uint64_t period, std::optional<Address> breakpoint) {
  if (breakpoint && registers().rip == breakpoint->value()) return pass(*breakpoint);
  // A debugger's own one is for the caller to judge.
  const bool sets = breakpoint && !space_.breakpoints.contains(*breakpoint) &&
                    space_.insert_breakpoint(*breakpoint);
  space_.counter->overflow_after(period);
  const Halt halt = resume(ticks() + period, sets ? breakpoint : std::optional<Address>());
  space_.counter->overflow_never();
  if (sets) space_.remove_breakpoint(*breakpoint);
  return halt;
}

/// All turns of a repeated instruction.
Halt CountedHost::pass(Address breakpoint) {
  const Lifted lifted(space_, breakpoint);
  Halt halt = Halt::stepped;
  while (halt == Halt::stepped && registers().rip == breakpoint.value()) halt = step();
  return halt;
}

Halt CountedHost::resume(std::uint64_t overflow_at, std::optional<Address> breakpoint) {
  for (;;) {
    stop_ = space_.host->run(Resume::emulate, interrupt_, space_.counter.get());
    if (!stop_ || stop_->kind != StopStatus::Kind::signal) return Halt::elsewhere;
    const Task task = space_.host->task();
    const siginfo_t info = task.signal_info();
    if (space_.counter->is_overflow(info)) {
      if (ticks() >= overflow_at) return Halt::overflow;
      continue;  // of an earlier period
    }
    if (!breakpoint || info.si_signo != SIGTRAP || info.si_code != SI_KERNEL) {
      return Halt::elsewhere;
    }
    GeneralRegisters regs = task.registers();
    if (regs.rip - 1 != breakpoint->value()) return Halt::elsewhere;
    regs.rip = breakpoint->value();
    task.set_registers(regs);
    return Halt::breakpoint;
  }
}

/// Never interrupted: it would be unclear whether the step was made.
Halt CountedHost::step() {
  const Task task = space_.host->task();
  const Address from(task.registers().rip);
  do {
    stop_ = space_.host->run(Resume::emulate_step, nullptr, space_.counter.get());
  } while (stop_->kind == StopStatus::Kind::signal &&
           space_.counter->is_overflow(task.signal_info()));
  GeneralRegisters regs = task.registers();
  const GeneralRegisters seen = regs;
  hide_trap_flag(space_.host->memory(), from, regs);
  if (regs.eflags != seen.eflags || regs.r11 != seen.r11) task.set_registers(regs);
  const bool stepped = stop_->kind == StopStatus::Kind::signal && stop_->value == SIGTRAP &&
                       task.signal_info().si_code == TRAP_TRACE;
  return stepped ? Halt::stepped : Halt::elsewhere;
}

}  // namespace ttrace
