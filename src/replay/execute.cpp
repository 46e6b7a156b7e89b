// One stretch of user code in a host process, and what its end means.
#include <signal.h>

#include "replay/arrival.h"
#include "replay/lifted.h"
#include "replay/state.h"
#include "rewrite/tick_counter.h"
#include "syscalls/table.h"
#include "tracee/single_step.h"

namespace ttrace {
namespace {

constexpr Address kCounter{kTickCounterAddress};
/// More ticks than any stretch between two events has.
constexpr std::uint64_t kWithoutEnd = 1ull << 48;

std::uint64_t counter_of(const ReplaySpace& space) {
  std::uint64_t ticks = 0;
  space.host->memory().read_value(kCounter, ticks);
  return ticks;
}

/// The host stopped at a write to a page that WatchedPages protects.
bool is_held_back(const ReplaySpace& space, const StopStatus& stop) {
  if (space.pages.empty()) return false;
  if (stop.kind != StopStatus::Kind::signal || stop.value != SIGSEGV) return false;
  const siginfo_t info = space.host->task().signal_info();
  return info.si_code == SEGV_ACCERR &&
         space.pages.holds_back(Address(std::uint64_t(info.si_addr)), space.mappings);
}

}  // namespace

/// To the next stop of the host.
Replayer::State::Outcome Replayer::State::execute(ReplayContext& thread, const Event& event,
                                                  const Stretch& stretch) {
  if (counters) return execute_counted(thread, event, stretch);
  load(thread);
  ReplaySpace& space = *thread.process->space;
  turn_agent_off(space);
  const GeneralRegisters before = thread.regs;
  // An event that is no place in time comes before one more tick, or never.
  const std::uint64_t to_event = event.ticks.value() - thread.ticks;
  const bool walks = std::holds_alternative<StepsEvent>(event.body);
  const std::uint64_t last = is_place_in_time(event) ? to_event
                             : walks                 ? kWithoutEnd
                                                     : to_event + 1;
  const bool asked_ticks = stretch.ticks != 0 && stretch.ticks < last;
  const std::uint64_t left = asked_ticks ? stretch.ticks : last;
  std::optional<StopStatus> stop;
  bool held_back = false;
  {
    std::optional<Lifted> lifted;
    if (stretch.pass) lifted.emplace(space, Address(before.rip));
    space.host->memory().write(kCounter, bytes_of(left));
    // A step ends by itself; interrupted, it would be unclear whether it was made.
    stop = stretch.one_instruction ? space.host->run(Resume::emulate_step, nullptr)
                                   : space.host->run(Resume::emulate, stretch.interrupt);
    if (!stop) stop = leave_stub(space);
    thread.regs = space.host->task().registers();
    held_back = stop && is_held_back(space, *stop);
    // It looks at the instruction.
    if (stretch.one_instruction && !held_back) {
      hide_trap_flag(space.host->memory(), Address(before.rip), thread.regs);
    }
  }
  const std::uint64_t counted = left - counter_of(space);
  thread.ticks += counted;
  if (held_back) return write_watched(thread, event, {before, stretch, asked_ticks}, counted);
  if (!stop) {
    thread.instructions.reset();
    return Outcome::interrupted;
  }
  return understand(thread, event, {before, stretch, asked_ticks}, *stop);
}

/// The instruction that was held back is executed with the watched pages open. Then the stretch is
/// over: Outcome::watchpoint or ::stepped, unless something else came.
Replayer::State::Outcome Replayer::State::write_watched(ReplayContext& thread, const Event& event,
                                                        const Executed& executed,
                                                        std::uint64_t ticks) {
  ReplaySpace& space = *thread.process->space;
  Stretch one = executed.stretch;
  one.one_instruction = true;
  one.pass = executed.stretch.pass && thread.regs.rip == executed.before.rip;
  if (executed.asked_ticks) one.ticks -= ticks;
  space.pages.open(*space.host, space.mappings);
  const Outcome outcome = execute(thread, event, one);
  space.pages.close(*space.host, space.mappings);
  const bool ran_freely = !executed.stretch.one_instruction;
  if (ran_freely && (outcome == Outcome::stepped || outcome == Outcome::watchpoint)) {
    thread.instructions.reset();
  }
  return outcome;
}

/// What a stop of the host means for a thread that is on its way to `event`.
Replayer::State::Outcome Replayer::State::understand(ReplayContext& thread, const Event& event,
                                                     const Executed& executed,
                                                     const StopStatus& stop) {
  if (stop.kind == StopStatus::Kind::syscall) {
    const SyscallEntry* entry = entry_of(event.body);
    if (entry == nullptr) {
      diverge(thread, "the replay enters " + syscall_name(std::int64_t(thread.regs.orig_rax)));
    }
    check_call(thread, *entry);
    check_ticks(thread, event);
    return Outcome::arrived;
  }
  if (stop.kind != StopStatus::Kind::signal) {
    diverge(thread, "unexpected stop of the host process");
  }
  return understand_signal(thread, event, executed);
}

/// After an interruption: nothing may be read off the counter while a stub uses it. A stop if the
/// way out of the stub meets one.
std::optional<StopStatus> Replayer::State::leave_stub(ReplaySpace& space) {
  while (is_counting(space.plans, Address(space.host->task().registers().rip))) {
    const auto stop = space.host->run(Resume::emulate_step, nullptr);
    const bool stepped = stop->kind == StopStatus::Kind::signal && stop->value == SIGTRAP &&
                         space.host->task().signal_info().si_code == TRAP_TRACE;
    if (!stepped) return stop;
  }
  return {};
}

/// The host stopped with a signal that an instruction raised.
Replayer::State::Outcome Replayer::State::understand_signal(ReplayContext& thread,
                                                            const Event& event,
                                                            const Executed& executed) {
  ReplaySpace& space = *thread.process->space;
  const siginfo_t info = space.host->task().signal_info();
  const auto* instruction = std::get_if<InstructionEvent>(&event.body);
  if (info.si_signo == SIGTRAP) {
    if (info.si_code == SI_KERNEL) {
      if (const auto outcome = understand_int3(thread, event, executed)) return *outcome;
    }
    // A counter that steps meets a debug register at a step.
    const bool at_step = info.si_code == TRAP_TRACE && !executed.stretch.one_instruction;
    if ((info.si_code == TRAP_HWBKPT || at_step) && !space.watches.empty()) {
      thread.instructions.reset();
      return is_watch_hit(space) ? Outcome::watchpoint : Outcome::stepped;
    }
    if (info.si_code == TRAP_TRACE && executed.stretch.one_instruction) {
      if (is_step(executed.before, thread.regs)) ++thread.steps;
      if (!space.watches.empty() && is_watch_hit(space)) return Outcome::watchpoint;
      const auto* steps = std::get_if<StepsEvent>(&event.body);
      if (steps == nullptr || thread.steps < steps->steps) return Outcome::stepped;
      check_steps(thread, event, *steps);
      return Outcome::arrived;
    }
  }
  if (instruction != nullptr && info.si_signo == SIGSEGV &&
      instruction->rip.value() == thread.regs.rip) {
    check_ticks(thread, event);
    return Outcome::arrived;
  }
  thread.regs = outside_stubs(space.plans, thread.regs);
  const auto* signal = std::get_if<SignalEvent>(&event.body);
  if (signal == nullptr || signal->number != info.si_signo ||
      signal->registers_before.rip != thread.regs.rip) {
    diverge(thread, "the replay raises " + signal_name(info.si_signo));
  }
  check_ticks(thread, event);
  return Outcome::arrived;
}

/// A stub's, a breakpoint, or one that the recorder put there; none if it is the program's own.
std::optional<Replayer::State::Outcome> Replayer::State::understand_int3(ReplayContext& thread,
                                                                         const Event& event,
                                                                         const Executed& executed) {
  ReplaySpace& space = *thread.process->space;
  const Address at(thread.regs.rip - 1);
  if (const auto due = due_stop(space, thread.regs)) {
    if (!executed.asked_ticks) return arrive_by_ticks(thread, event, *due);
    thread.regs.rip = due->resume;
    finish_transfer(thread, *due);
    thread.instructions = 0;
    return Outcome::ticked;
  }
  const bool passed = executed.stretch.pass && at.value() == executed.before.rip;
  const bool ours = space.breakpoints.contains(at) && !passed;
  if (!ours && !space.patched.contains(at)) return {};
  thread.regs.rip = at.value();
  if (ours) {
    if (at.value() != executed.before.rip) thread.instructions.reset();
    return Outcome::breakpoint;
  }
  const auto* instruction = std::get_if<InstructionEvent>(&event.body);
  if (instruction == nullptr || instruction->rip != at) {
    diverge(thread, "the replay executes an emulated instruction");
  }
  check_ticks(thread, event);
  return Outcome::arrived;
}

/// An indirect transfer is counted before it is made. A place is where the program goes on, as a
/// single step through the stub finds it.
void Replayer::State::finish_transfer(ReplayContext& thread, const DueStop& due) {
  ReplaySpace& space = *thread.process->space;
  if (shown_registers(thread).rip == due.target) return;
  load(thread);
  const Lifted lifted(space, Address(thread.regs.rip));
  space.host->run(Resume::emulate_step, nullptr);
  const GeneralRegisters after = space.host->task().registers();
  // One that faults will do so again when the thread goes on.
  if (after.rip == due.target) thread.regs.rip = after.rip;
}

/// Whether the trap that just came is one that was asked for.
bool Replayer::State::is_watch_hit(ReplaySpace& space) {
  const unsigned hits = take_debug_hits(space.host->task());
  if (hits == 0 && (space.pages.empty() || !space.pages.is_open())) return false;
  watch_hit = space.watches.changed(space.host->memory());
  const auto& slots = space.watches.slots();
  for (std::size_t i = 0; i < slots.size() && !watch_hit; ++i) {
    const WatchRange& range = space.watches.ranges()[slots[i].range];
    if ((hits & (1u << i)) && range.kind != WatchRange::Kind::write) watch_hit = range;
  }
  return watch_hit.has_value();
}

/// The due stop that the thread stands at, just behind its int3.
std::optional<DueStop> Replayer::State::due_stop(const ReplaySpace& space,
                                                 const GeneralRegisters& regs) const {
  const Address int3(regs.rip - 1);
  const ActivePlan* plan = plan_of_stub(space.plans, int3);
  if (plan == nullptr || !plan->is_due(int3)) return {};
  return plan->due(int3, regs, [&](std::uint64_t at, std::uint64_t& value) {
    return space.host->memory().read_value(Address(at), value);
  });
}

/// The counter reached zero: that is the event, if it is one of those.
Replayer::State::Outcome Replayer::State::arrive_by_ticks(ReplayContext& thread, const Event& event,
                                                          const DueStop& due) {
  const auto* taken_off = std::get_if<SwitchEvent>(&event.body);
  thread.regs.rip = taken_off != nullptr ? due.resume : due.target;
  if (!is_place_in_time(event)) diverge(thread, "the replay has counted much further");
  check_ticks(thread, event);
  if (taken_off != nullptr && taken_off->at.value() != due.target) {
    diverge(thread, "the replay has counted as far elsewhere");
  }
  return Outcome::arrived;
}

/// The thread has made as many steps as were recorded.
void Replayer::State::check_steps(const ReplayContext& thread, const Event& event,
                                  const StepsEvent& steps) const {
  const GeneralRegisters now = shown_registers(thread);
  if (now.rip != steps.at.value()) diverge(thread, "as many steps lead elsewhere");
  if (digest_of(now) != steps.digest) diverge(thread, "it comes there with other registers");
  check_ticks(thread, event);
}

void Replayer::State::check_ticks(const ReplayContext& thread, const Event& event) const {
  if (thread.ticks == event.ticks.value()) return;
  diverge(thread, "the replay came there after " + std::to_string(thread.ticks) +
                      " ticks, the recording after " + std::to_string(event.ticks.value()));
}

/// Puts the thread's registers into its host.
void Replayer::State::load(ReplayContext& thread) {
  ReplaySpace& space = *thread.process->space;
  const Task task = space.host->task();
  if (space.loaded != thread.tid) {
    if (const auto former = threads.find(space.loaded);
        former != threads.end() && former->second->process->space.get() == &space) {
      former->second->vector_state = task.vector_state();
    }
    if (!thread.vector_state.empty()) task.set_vector_state(thread.vector_state);
    space.loaded = thread.tid;
  }
  GeneralRegisters regs = thread.regs;
  regs.orig_rax = ~0ull;  // in no system call: nothing for the kernel to restart
  task.set_registers(regs);
}

/// What the kernel does when an interrupted call meets no handler (arch_do_signal_or_restart):
/// the instruction is executed again, the last kind as restart_syscall.
void Replayer::State::rewind_interrupted_call(ReplayContext& thread) {
  if (thread.restart == 0) return;
  constexpr std::int64_t kRestartBlock = -516;
  constexpr std::uint64_t kRestartSyscall = 219;
  thread.regs.rax = thread.restart == kRestartBlock ? kRestartSyscall : thread.regs.orig_rax;
  thread.regs.rip -= 2;
  thread.restart = 0;
}

void Replayer::State::check_call(const ReplayContext& thread, const SyscallEntry& recorded) const {
  const GeneralRegisters& regs = thread.regs;
  const SyscallView now{
      std::int64_t(regs.orig_rax), {regs.rdi, regs.rsi, regs.rdx, regs.r10, regs.r8, regs.r9}, 0};
  if (now.number != recorded.number || now.args != recorded.args) {
    diverge(thread, "the replay calls " + describe(now, {}));
  }
  if (regs.rip != recorded.rip.value() || digest_of(regs) != recorded.digest) {
    diverge(thread, "the replay makes the same call with other registers");
  }
}

void Replayer::State::diverge(const ReplayContext& thread, const std::string& what) const {
  const Event& event = trace.event(EventNumber(next));
  throw Divergence("replay diverged at event " + std::to_string(next) + " (thread " +
                   std::to_string(thread.tid.value()) + "): recorded " +
                   describe_event(event.body) + ", but " + what);
}

}  // namespace ttrace
