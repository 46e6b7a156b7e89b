#include "tracee/gate.h"

#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/error.h"
#include "tracee/maps.h"

namespace ttrace {

int wait_for_stop(Tid tid) {
  int status = 0;
  int options = __WALL;
  for (;;) {
    const pid_t got = waitpid(tid.value(), &status, options);
    if (got == tid.value()) return status;
    if (got == 0 || (got < 0 && errno == ECHILD)) throw TaskGone(tid);
    if (got < 0 && errno != EINTR) throw_errno("waitpid");
    if (read_activity(tid).state == 'Z') options |= WNOHANG;
  }
}

namespace {

void throw_if_ending(Task task, const StopStatus& stop) {
  if (stop.kind == StopStatus::Kind::exited || stop.kind == StopStatus::Kind::killed ||
      (stop.kind == StopStatus::Kind::event && stop.value == PTRACE_EVENT_EXIT)) {
    throw TaskGone(task.tid());
  }
}

}  // namespace

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
  for (;;) {
    task.resume(how == InjectBy::step ? Resume::step : Resume::to_syscall);
    const StopStatus stop = understand(wait_for_stop(task.tid()));
    throw_if_ending(task, stop);
    const bool stepped = stop.kind == StopStatus::Kind::signal && stop.value == SIGTRAP;
    const bool left = stop.kind == StopStatus::Kind::syscall && task.at_syscall_exit();
    if (stepped || left) {
      const GeneralRegisters now = task.registers();
      if (now.rip == code.value() + 2) {
        task.set_registers(before);
        if (keeps_signals) task.set_signal_mask(mask);
        return std::int64_t(now.rax);
      }
    }
    // Anything else is a stop on the way (seccomp's, the fork event of an injected fork): go on.
  }
}

void inject_batch(Task task, const Memory& memory, std::span<InjectedCall> calls) {
  if (calls.size() > kMostBatched) throw Error("too many injected calls at once");
  GeneralRegisters before = task.registers();
  const std::uint64_t mask = task.signal_mask();
  if (mask != ~0ull) task.set_signal_mask(~0ull);
  std::array<InjectedCall, kMostBatched + 1> table;
  std::copy(calls.begin(), calls.end(), table.begin());
  table[calls.size()] = {-1, {}};
  memory.write(kGateTable, std::as_bytes(std::span(table).first(calls.size() + 1)));
  GeneralRegisters run = before;
  run.rip = kGateBatch.value();
  run.rbx = kGateTable.value();
  run.r12 = kFirstResult;
  run.orig_rax = ~0ull;
  task.set_registers(run);
  for (;;) {
    task.resume(Resume::run);
    const StopStatus stop = understand(wait_for_stop(task.tid()));
    throw_if_ending(task, stop);
    // Signals are blocked: nothing but the gate makes a call.
    if (stop.kind == StopStatus::Kind::event && stop.value == PTRACE_EVENT_SECCOMP) break;
  }
  memory.read(kGateTable, std::as_writable_bytes(calls));
  before.orig_rax = ~0ull;  // skips the call that ended the batch
  task.set_registers(before);
  if (mask != ~0ull) task.set_signal_mask(mask);
}

}  // namespace ttrace
