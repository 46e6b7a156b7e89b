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

std::int64_t inject(Task task, std::int64_t number, const std::array<std::uint64_t, 6>& args) {
  return inject_at(kGateCode, task, number, args);
}

std::int64_t inject_at(Address code, Task task, std::int64_t number,
                       const std::array<std::uint64_t, 6>& args) {
  const GeneralRegisters before = task.registers();
  GeneralRegisters call = before;
  call.rip = code.value();
  call.rax = std::uint64_t(number);
  call.orig_rax = ~0ull;  // not inside a call: nothing to restart
  call.rdi = args[0];
  call.rsi = args[1];
  call.rdx = args[2];
  call.r10 = args[3];
  call.r8 = args[4];
  call.r9 = args[5];
  task.set_registers(call);
  for (;;) {
    task.resume(Resume::step);
    const StopStatus stop = understand(wait_for_stop(task.tid()));
    if (stop.kind == StopStatus::Kind::exited || stop.kind == StopStatus::Kind::killed) {
      throw TaskGone(task.tid());
    }
    const GeneralRegisters now = task.registers();
    if (stop.kind == StopStatus::Kind::signal && stop.value == SIGTRAP &&
        now.rip == code.value() + 2) {
      task.set_registers(before);
      return std::int64_t(now.rax);
    }
    if (stop.kind == StopStatus::Kind::event && stop.value == PTRACE_EVENT_EXIT) {
      throw TaskGone(task.tid());
    }
    // Anything else is a stop on the way (the fork event of an injected fork): go on.
  }
}

}  // namespace ttrace
