#include <sched.h>
#include <signal.h>

#include "replay/state.h"
#include "rewrite/tick_counter.h"
#include "syscalls/table.h"
#include "tracee/cpu_pin.h"
#include "tracee/descriptor_limit.h"
#include "tracee/single_step.h"
#include "tracee/time_trap.h"
#include "tracee/wake_timer.h"

namespace ttrace {
namespace {

using namespace std::chrono_literals;

constexpr Address kCounter{kTickCounterAddress};

/// More ticks than any stretch between two events has.
constexpr std::uint64_t kWithoutEnd = 1ull << 48;

std::uint64_t counter_of(const ReplaySpace& space) {
  std::uint64_t ticks = 0;
  space.host->memory().read_value(kCounter, ticks);
  return ticks;
}

/// The event comes about by what the thread executes; the others happen where it stands.
bool needs_execution(const Event& event) {
  const EventBody& body = event.body;
  if (const auto* signal = std::get_if<SignalEvent>(&body)) {
    return signal->synchronous || event.ticks.value() > 0;
  }
  return std::holds_alternative<SwitchEvent>(body) || std::holds_alternative<StepsEvent>(body) ||
         std::holds_alternative<SyscallEvent>(body) ||
         std::holds_alternative<SyscallEnterEvent>(body) ||
         std::holds_alternative<MarkEvent>(body) || std::holds_alternative<InstructionEvent>(body);
}

/// The system call that the event begins with, or null.
const SyscallEntry* entry_of(const EventBody& body) {
  if (const auto* call = std::get_if<SyscallEvent>(&body)) return &call->entry;
  if (const auto* call = std::get_if<SyscallEnterEvent>(&body)) return &call->entry;
  if (const auto* mark = std::get_if<MarkEvent>(&body)) return &mark->entry;
  return nullptr;
}

/// The event is a place in user code that only its ticks tell.
bool is_place_in_time(const Event& event) {
  const auto* signal = std::get_if<SignalEvent>(&event.body);
  return std::holds_alternative<SwitchEvent>(event.body) ||
         (signal != nullptr && !signal->synchronous && event.ticks.value() > 0);
}

/// The event completes what a debugger counts as one instruction of its thread.
bool completes_a_step(const EventBody& body) {
  return !std::holds_alternative<SyscallEnterEvent>(body) &&
         !std::holds_alternative<SwitchEvent>(body) && !std::holds_alternative<StepsEvent>(body) &&
         !std::holds_alternative<SplitEvent>(body) && !std::holds_alternative<NewTaskEvent>(body);
}

std::string describe_event(const EventBody& body) {
  if (const SyscallEntry* entry = entry_of(body)) {
    return describe({entry->number, entry->args, 0}, {});
  }
  if (const auto* signal = std::get_if<SignalEvent>(&body)) return signal_name(signal->number);
  return kind_name(body);
}

bool is_watched(const ReplayContext& thread, const ReplayLimits& limits) {
  return limits.process && *limits.process == thread.process->pid;
}

}  // namespace

ReplayStop Replayer::State::run(const ReplayLimits& limits) {
  if (cpu < 0) cpu = sched_getcpu();
  const CpuPin pin(cpu);
  const DescriptorLimit many_processes;
  const WakeTimer timer(50ms);
  const TimeTrap trap;
  const auto stop_at = [&](ReplayStop::Kind kind, Tid tid, int signal = 0) {
    const auto found = threads.find(tid);
    const Address pc(found == threads.end() ? 0 : shown_registers(*found->second).rip);
    return ReplayStop{kind, tid, pc, signal};
  };
  for (;;) {
    const Event& event = trace.event(EventNumber(next));
    if (next + 1 >= trace.event_count()) return stop_at(ReplayStop::Kind::end, event.tid);
    if (limits.interrupt != nullptr && limits.interrupt->load()) {
      return stop_at(ReplayStop::Kind::interrupted, event.tid);
    }
    ReplayContext* thread = threads.contains(event.tid) ? &context(event.tid) : nullptr;
    if (!arrived && thread != nullptr && needs_execution(event)) {
      switch (arrive(*thread, event, limits)) {
        case Outcome::arrived:
          break;
        case Outcome::breakpoint:
          return stop_at(ReplayStop::Kind::breakpoint, event.tid);
        case Outcome::stepped:
          return stop_at(ReplayStop::Kind::stepped, event.tid);
        case Outcome::interrupted:
          return stop_at(ReplayStop::Kind::interrupted, event.tid);
      }
    }
    arrived = true;
    if (limits.before_event && limits.before_event->value() == next) {
      return stop_at(ReplayStop::Kind::event, event.tid);
    }
    const auto* signal = std::get_if<SignalEvent>(&event.body);
    if (signal != nullptr && thread != nullptr && limits.stop_at_signals &&
        is_watched(*thread, limits) && shown_signal != next) {
      shown_signal = next;
      return stop_at(ReplayStop::Kind::signal, event.tid, signal->number);
    }
    const bool was_step = limits.step && *limits.step == event.tid && completes_a_step(event.body);
    const Tid tid = event.tid;
    apply(event);
    ++next;
    arrived = false;
    if (was_step) return stop_at(ReplayStop::Kind::stepped, tid);
  }
}

/// Brings a thread to its event by executing user code.
Replayer::State::Outcome Replayer::State::arrive(ReplayContext& thread, const Event& event,
                                                 const ReplayLimits& limits) {
  rewind_interrupted_call(thread);
  const bool step = limits.step && *limits.step == thread.tid;
  for (;;) {
    // The recorder's own int3 and ours look alike: a thread that stands at the event's instruction
    // has arrived, whatever lies there.
    if (const auto* instruction = std::get_if<InstructionEvent>(&event.body)) {
      if (instruction->rip.value() == thread.regs.rip) {
        const auto found = thread.process->space->breakpoints.find(instruction->rip);
        const bool ours = found != thread.process->space->breakpoints.end();
        if (!ours || step) return Outcome::arrived;
      }
    }
    const Outcome outcome = execute(thread, event, limits, step);
    // Of the steps on the way to a StepsEvent nobody asked for any; what a stub does between two
    // original instructions is no step.
    if (outcome == Outcome::stepped &&
        (!step || is_counting(thread.process->space->plans, Address(thread.regs.rip)))) {
      continue;
    }
    if (outcome != Outcome::breakpoint || is_watched(thread, limits)) return outcome;
    // A breakpoint that nobody asked for now: execute what it covers, then go on.
    if (pass_breakpoint(thread, limits)) return Outcome::arrived;
  }
}

/// One stretch of user code, to the next stop of the host.
Replayer::State::Outcome Replayer::State::execute(ReplayContext& thread, const Event& event,
                                                  const ReplayLimits& limits, bool step) {
  load(thread);
  ReplaySpace& space = *thread.process->space;
  const GeneralRegisters before = thread.regs;
  const auto* steps = std::get_if<StepsEvent>(&event.body);
  const bool one = step || steps != nullptr;
  // An event that is no place in time comes before one more tick, or never.
  const std::uint64_t to_event = event.ticks.value() - thread.ticks;
  const std::uint64_t left = is_place_in_time(event) ? to_event
                             : steps != nullptr      ? kWithoutEnd
                                                     : to_event + 1;
  set_counter(space, left);
  // A step ends by itself; interrupted, it would be unclear whether it was made.
  const auto stop = one ? space.host->run(Resume::emulate_step, nullptr)
                        : space.host->run(Resume::emulate, limits.interrupt);
  thread.regs = space.host->task().registers();
  thread.ticks += left - counter_of(space);
  if (one) hide_trap_flag(space.host->memory(), Address(before.rip), thread.regs);
  if (!stop) return Outcome::interrupted;

  if (stop->kind == StopStatus::Kind::syscall) {
    const SyscallEntry* entry = entry_of(event.body);
    if (entry == nullptr) {
      diverge(thread, "the replay enters " + syscall_name(std::int64_t(thread.regs.orig_rax)));
    }
    check_call(thread, *entry);
    check_ticks(thread, event);
    return Outcome::arrived;
  }
  if (stop->kind != StopStatus::Kind::signal)
    diverge(thread, "unexpected stop of the host process");

  const siginfo_t info = space.host->task().signal_info();
  const auto* instruction = std::get_if<InstructionEvent>(&event.body);
  if (stop->value == SIGTRAP && info.si_code == SI_KERNEL) {  // int3
    const Address at(thread.regs.rip - 1);
    if (const auto due = due_stop(space, thread.regs)) return arrive_by_ticks(thread, event, *due);
    const auto found = space.breakpoints.find(at);
    const bool ours = found != space.breakpoints.end();
    if (ours || space.patched.contains(at)) {
      thread.regs.rip = at.value();
      if (ours && is_watched(thread, limits)) return Outcome::breakpoint;
      if (instruction != nullptr && instruction->rip == at) {
        check_ticks(thread, event);
        return Outcome::arrived;
      }
      if (ours) return Outcome::breakpoint;
      diverge(thread, "the replay executes an emulated instruction");
    }
  }
  if (stop->value == SIGTRAP && info.si_code == TRAP_TRACE && one) {
    if (is_step(before, thread.regs)) ++thread.steps;
    if (steps == nullptr || thread.steps < steps->steps) return Outcome::stepped;
    check_steps(thread, event, *steps);
    return Outcome::arrived;
  }
  if (instruction != nullptr && stop->value == SIGSEGV &&
      instruction->rip.value() == thread.regs.rip) {
    check_ticks(thread, event);
    return Outcome::arrived;
  }
  thread.regs = outside_stubs(space.plans, thread.regs);
  const auto* signal = std::get_if<SignalEvent>(&event.body);
  if (signal == nullptr || signal->number != stop->value ||
      signal->registers_before.rip != thread.regs.rip) {
    diverge(thread, "the replay raises " + signal_name(stop->value));
  }
  check_ticks(thread, event);
  return Outcome::arrived;
}

/// Gives the thread that is loaded so many ticks, if anything counts there.
std::uint64_t Replayer::State::set_counter(ReplaySpace& space, std::uint64_t ticks) {
  space.host->memory().write(kCounter, bytes_of(ticks));
  return ticks;
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

/// Executes the instruction under a breakpoint. True if that brought the thread to its event.
bool Replayer::State::pass_breakpoint(ReplayContext& thread, const ReplayLimits& limits) {
  ReplaySpace& space = *thread.process->space;
  const Address at(thread.regs.rip);
  const std::byte trap{0xcc};
  const auto breakpoint = space.breakpoints.find(at);
  space.host->memory().write(at, std::span(&breakpoint->second.covered, 1));
  ReplayLimits quiet = limits;
  quiet.process.reset();
  quiet.interrupt = nullptr;
  const Event& event = trace.event(EventNumber(next));
  const Outcome outcome = execute(thread, event, quiet, true);
  space.host->memory().write(at, std::span(&trap, 1));
  return outcome == Outcome::arrived;
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
