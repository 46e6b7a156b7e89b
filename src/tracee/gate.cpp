#include "tracee/gate.h"

#include <sys/wait.h>

#include <cerrno>

#include "base/error.h"

namespace ttrace {

int wait_for_stop(Tid tid) {
  int status = 0;
  for (;;) {
    const pid_t got = waitpid(tid.value(), &status, __WALL);
    if (got == tid.value()) return status;
    if (got < 0 && errno == ECHILD) throw TaskGone(tid);
    if (got < 0 && errno != EINTR) throw_errno("waitpid");
  }
}

std::int64_t inject(Task task, InjectBy how, std::int64_t number,
                    const std::array<std::uint64_t, 6>& args) {
  return inject_at(kGateCode, task, how, number, args);
}

std::int64_t inject_at(Address code, Task task, InjectBy how, std::int64_t number,
                       const std::array<std::uint64_t, 6>& args) {
  const GeneralRegisters before = task.registers();
  GeneralRegisters call = before;
  call.rip = code.value();
  call.rax = std::uint64_t(number);
  call.orig_rax = ~0ull;  // not inside a call: nothing to restart
  for (unsigned i = 0; i < args.size(); ++i) syscall_argument(call, i) = args[i];
  task.set_registers(call);
  const bool keeps_signals = how == InjectBy::syscall_stops;
  const std::uint64_t mask = keeps_signals ? task.signal_mask() : 0;
  if (keeps_signals) task.set_signal_mask(~0ull);
  int syscall_stops = 0;
  for (;;) {
    task.resume(how == InjectBy::step ? Resume::step : Resume::to_syscall);
    const StopStatus stop = understand(wait_for_stop(task.tid()));
    if (stop.kind == StopStatus::Kind::exited || stop.kind == StopStatus::Kind::killed ||
        (stop.kind == StopStatus::Kind::event && stop.value == PTRACE_EVENT_EXIT)) {
      throw TaskGone(task.tid());
    }
    if (stop.kind == StopStatus::Kind::syscall) ++syscall_stops;
    const GeneralRegisters now = task.registers();
    const bool stepped = stop.kind == StopStatus::Kind::signal && stop.value == SIGTRAP;
    if ((stepped || syscall_stops == 2) && now.rip == code.value() + 2) {
      task.set_registers(before);
      if (keeps_signals) task.set_signal_mask(mask);
      return std::int64_t(now.rax);
    }
    // Anything else is a stop on the way (seccomp's, the fork event of an injected fork): go on.
  }
}

}  // namespace ttrace
