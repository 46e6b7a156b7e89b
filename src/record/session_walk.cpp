#include <signal.h>

#include <algorithm>
#include <array>

#include "record/call_ends.h"
#include "record/session.h"
#include "tracee/gate.h"
#include "tracee/single_step.h"

// Places finer than counted ones. Between two counted places there may be a load and a store of the
// same variable, and a race shows only if the thread is taken off between them. So, as the
// scheduler draws it, a thread that is to leave makes single steps first, up to one of its next
// accesses to memory that others may use. A walk that meets a system call or a signal is given up:
// then nothing is recorded, and the thread runs on.

namespace ttrace {
namespace {

/// A walk that does not come to its access by then ends: some milliseconds.
constexpr std::uint64_t kMostSteps = 1500;

constexpr std::size_t kLongestInstruction = 15;

}  // namespace

/// Whether anybody can tell where between two events the thread is left: others that use its
/// memory, or a handler of its own, for a signal that comes meanwhile.
bool RecordSession::is_observed(const Thread& thread) {
  const RecordedSpace& space = *thread.process->space;
  return space.users > 1 || space.shares_memory || space.shows_shared_files ||
         thread.process->actions->has_handler();
}

/// A thread that is about to leave where it stands, just after an event: whether it is to walk on
/// instead.
bool RecordSession::begin_walk(Thread& thread) {
  thread.accesses_left = is_observed(thread) ? scheduler_.accesses_before_leaving() : 0;
  return thread.accesses_left != 0;
}

/// Whether accesses of the instruction that the thread stands at count.
bool RecordSession::walks_at(const Thread& thread) const {
  const RecordedSpace& space = *thread.process->space;
  const Address at(outside_stubs(space.plans, thread.regs).rip);
  if (!scheduler_.prefers_own_code()) return at < space.loader_start || at >= space.loader_end;
  return std::any_of(space.own_text.begin(), space.own_text.end(),
                     [&](const auto& text) { return at >= text.first && at < text.second; });
}

/// Steps the thread to its place, where it leaves (want_switch_ is set). Otherwise it is given up;
/// a status is that of the stop that came in between.
std::optional<int> RecordSession::walk(Thread& thread) {
  std::uint64_t left = std::exchange(thread.accesses_left, 0);
  RecordedSpace& space = *thread.process->space;
  const bool in_user_code =
      thread.place == Thread::Place::boundary || thread.place == Thread::Place::user;
  // Where a forced SIGTRAP would change what the program set, it had to be repaired at every end.
  if (!in_user_code || is_ending_a_call(thread) || thread.deliver != 0 ||
      !thread.held_signals.empty() || forcing_changes(thread, SIGTRAP) || !others_ready(thread)) {
    return {};
  }
  bool is_new = !thread.left_at_access;  // the access at which it stands, if it does
  rejoin_split(thread);
  const Task task = thread.task();
  turn_agent_off(space);
  start_quantum(thread);  // if that ends on the way, the walk does
  bool trap_flag_stays = false;
  std::uint64_t steps = 0;
  for (std::uint64_t made = 0;; ++made) {
    const Address at(thread.regs.rip);
    if (!is_counting(space.plans, at)) {
      std::array<std::byte, kLongestInstruction> code{};
      const std::size_t size = thread.memory().read(at, code);
      const StepSite site = step_sites_.decode(std::span(code).first(size), thread.regs);
      const bool counts = std::exchange(is_new, true) && site.touches_shared && walks_at(thread);
      const bool is_there = counts && --left == 0;
      if (is_there || site.enters_kernel || space.patched.contains(at) || made >= kMostSteps) {
        note_ticks(thread);
        if (trap_flag_stays) task.set_registers(thread.regs);
        if (steps != 0 || is_there) arrive(thread, steps, is_there ? site : StepSite());
        return {};
      }
    }
    task.resume(counted(thread, Resume::step));
    const int status = wait_for_stop(thread.tid);
    const StopStatus stop = understand(status);
    if (thread.counted.counter) thread.counted.counter->absorbs(stop);
    if (stop.kind == StopStatus::Kind::exited || stop.kind == StopStatus::Kind::killed) {
      return status;
    }
    GeneralRegisters now = task.registers();
    trap_flag_stays = shows_trap_flag(now);
    const bool is_trap = stop.kind == StopStatus::Kind::signal && stop.value == SIGTRAP;
    const bool stepped = is_step(thread.regs, now);
    // A signal may come before the first step: one that a sigreturn forces does.
    if (stepped) thread.place = Thread::Place::user;
    if (!is_trap || (task.signal_info().si_code != TRAP_TRACE && stepped)) {
      hide_trap_flag(thread.memory(), at, now);
      thread.regs = now;
      if (trap_flag_stays) task.set_registers(now);
      return status;
    }
    hide_trap_flag(thread.memory(), at, now);
    if (stepped) ++steps;
    thread.regs = now;
  }
}

void RecordSession::arrive(Thread& thread, std::uint64_t steps, const StepSite& site) {
  RecordedSpace& space = *thread.process->space;
  scheduler_.walked(steps);
  const GeneralRegisters shown = outside_stubs(space.plans, thread.regs);
  if (steps != 0) append(thread, StepsEvent{steps, Address(shown.rip), digest_of(shown)});
  // A signal frame must not hold a place inside a stub's copy of a loop.
  const bool is_copy = plan_of_stub(space.plans, Address(thread.regs.rip)) != nullptr;
  thread.place = is_copy ? Thread::Place::user : Thread::Place::boundary;
  thread.preempted = !is_copy;
  want_switch_ = true;
  thread.left_at_access = site.touches_shared;
  thread.accesses_left = scheduler_.accesses_after_return(thread.tid);
  if (!site.read_modify_write || !scheduler_.splits()) return;
  const SmallOperand& operand = *site.read_modify_write;
  Bytes loaded = thread.memory().read(operand.at, operand.size);
  if (loaded.size() == operand.size) thread.split = MemoryWrite{operand.at, std::move(loaded)};
}

/// The thread goes on, with the instruction that it left at.
void RecordSession::rejoin_split(Thread& thread) {
  if (!thread.split) return;
  const MemoryWrite loaded = *std::exchange(thread.split, {});
  const Bytes now = thread.memory().read(loaded.at, loaded.data.size());
  if (now == loaded.data || !write_as_program(thread.tid, loaded.at, loaded.data)) return;
  append(thread, SplitEvent{loaded});
}

}  // namespace ttrace
