// The state machine of a replay: a thread arrives at its event, the event is applied.
#include <sched.h>

#include "base/error.h"
#include "replay/arrival.h"
#include "replay/driving.h"
#include "replay/state.h"
#include "syscalls/table.h"

namespace ttrace {
namespace {

using namespace std::chrono_literals;

bool is_watched(const ReplayContext& thread, const ReplayLimits& limits) {
  return limits.process && *limits.process == thread.process->pid;
}

bool is_interrupted(const ReplayLimits& limits) {
  return limits.interrupt != nullptr && limits.interrupt->load();
}

/// `ended`: the call that it ends.
bool may_map_text(const EventBody& body, std::optional<std::int64_t> ended) {
  const SyscallRow* row = ended ? syscall_row(*ended) : nullptr;
  return std::holds_alternative<NewTaskEvent>(body) ||
         (row != nullptr && row->handling == Handling::address_space);
}

bool steps(const ReplayContext& thread, const ReplayLimits& limits) {
  return limits.step && *limits.step == thread.tid;
}

}  // namespace

ReplayStop Replayer::State::stop_of(ReplayStop::Kind kind, Tid tid, int signal) const {
  const auto found = threads.find(tid);
  const Address pc(found == threads.end() ? 0 : shown_registers(*found->second).rip);
  return {kind, tid, pc, signal, watch_hit.value_or(WatchRange()), -1};
}

ReplayStop Replayer::State::run(const ReplayLimits& limits) {
  if (cpu < 0) cpu = sched_getcpu();
  std::optional<Driving> driving;
  if (limits.driving == nullptr) driving.emplace(cpu);
  started = monotonic_time();
  if (!limits.stop_at_signals) shown_signal.reset();  // nobody was told on this way
  ReplayLimits rest = limits;
  rest.pass = limits.pass && !arrived;
  for (;;) {
    const auto stop = pass_event(rest);
    if (!stop) continue;
    elapsed += monotonic_time() - started;
    return *stop;
  }
}

/// Brings the next event about and applies it, or stops on the way.
std::optional<ReplayStop> Replayer::State::pass_event(ReplayLimits& limits) {
  using Kind = ReplayStop::Kind;
  const Tid tid = next_event().tid;
  if (next + 1 >= trace.event_count()) return stop_of(Kind::end, tid);
  if (is_interrupted(limits)) return stop_of(Kind::interrupted, tid);
  if (limits.place && at_place(next_event(), *limits.place)) return stop_of(Kind::place, tid);
  if (pause_is_due(limits)) return stop_of(Kind::paused, tid);

  ReplayContext* thread = threads.contains(tid) ? &context(tid) : nullptr;
  if (!arrived && thread != nullptr && needs_execution(next_event())) {
    if (const std::optional<Outcome> in_process = run_in_process(*thread, limits)) {
      limits.pass = false;
      arrived = *in_process == Outcome::arrived;
      if (!arrived) begin_stretch();  // another event is next, often another thread's
      return {};
    }
    const Outcome outcome = arrive(*thread, next_event(), limits);
    limits.pass = false;
    if (outcome == Outcome::ticked) return {};  // the place, or a pause: looked at above
    if (outcome == Outcome::breakpoint) return stop_of(Kind::breakpoint, tid);
    if (outcome == Outcome::watchpoint) return stop_of(Kind::watchpoint, tid);
    if (outcome == Outcome::stepped) return stop_of(Kind::stepped, tid);
    if (outcome == Outcome::interrupted) return stop_of(Kind::interrupted, tid);
    arrived = true;
    // To be taken off the CPU is no instruction, but the thread has executed one.
    if (steps(*thread, limits) && is_switch(next_event().body)) return stop_of(Kind::stepped, tid);
  }
  arrived = true;
  if (limits.before_event && limits.before_event->value() == next) {
    return stop_of(Kind::event, tid);
  }
  const auto* signal = std::get_if<SignalEvent>(&next_event().body);
  if (signal != nullptr && thread != nullptr && limits.stop_at_signals &&
      is_watched(*thread, limits) && shown_signal != next) {
    shown_signal = next;
    const ReplayStop stop = stop_of(Kind::signal, tid, signal->number);
    if (!limits.accepts || limits.accepts(stop)) return stop;
  }
  if (const auto number = call_begun(next_event().body)) {
    if (const auto stop = call_stop(Kind::call, *number, thread, limits)) return stop;
  }
  const Event& event = next_event();
  const auto ended = call_ended(event.body, thread != nullptr ? thread->inside : std::nullopt);
  const bool was_step = limits.step && *limits.step == tid && completes_a_step(event.body);
  written_watch.reset();
  apply_with_pages_open(event, limits);
  if (!breakpoints.empty() && may_map_text(event.body, ended)) insert_absent_breakpoints();
  ++next;
  arrived = false;
  begin_stretch();
  if (limits.process && is_watch_hit_by_event(*limits.process)) {
    const ReplayStop stop = stop_of(Kind::watchpoint, tid);
    if (!limits.accepts || limits.accepts(stop)) return stop;
  }
  if (ended) {
    if (const auto stop = call_stop(Kind::call_return, *ended, thread, limits)) return stop;
  }
  if (was_step) return stop_of(Kind::stepped, tid);
  return {};
}

std::optional<ReplayStop> Replayer::State::call_stop(ReplayStop::Kind kind, std::int64_t number,
                                                     const ReplayContext* thread,
                                                     const ReplayLimits& limits) const {
  if (!limits.stop_at_calls || thread == nullptr || !is_watched(*thread, limits)) return {};
  ReplayStop stop = stop_of(kind, thread->tid);
  stop.call = number;
  return !limits.accepts || limits.accepts(stop) ? std::optional(stop) : std::nullopt;
}

/// What an event writes or maps is not held back by watchpoints.
void Replayer::State::apply_with_pages_open(const Event& event, const ReplayLimits& limits) {
  ReplaySpace* before = limits.process ? space_of(*limits.process) : nullptr;
  if (before == nullptr || before->pages.empty()) return apply(event);
  before->pages.open(*before->host, before->mappings);
  apply(event);
  ReplaySpace* after = space_of(*limits.process);  // an exec gives another one
  if (after != nullptr && !after->pages.empty()) {
    after->pages.close(*after->host, after->mappings);
  }
}

/// The next event's thread goes on. An interrupted call that begins anew does so now, so that the
/// thread looks the same however this place is reached.
void Replayer::State::begin_stretch() {
  if (next >= trace.event_count()) return;
  const Event& event = trace.event(EventNumber(next));
  const auto thread = threads.find(event.tid);
  if (thread == threads.end() || !needs_execution(event)) return;
  rewind_interrupted_call(*thread->second);
  thread->second->regs.orig_rax = ~0ull;  // in no system call any more
}

/// What the event wrote, or another process into memory that is shared.
bool Replayer::State::is_watch_hit_by_event(Pid pid) {
  ReplaySpace* space = space_of(pid);
  if (space == nullptr || space->watches.empty()) return false;
  watch_hit = space->watches.changed(space->host->memory());
  if (!watch_hit) watch_hit = written_watch;
  return watch_hit.has_value();
}

ReplaySpace* Replayer::State::space_of(Pid pid) const {
  for (const auto& [tid, thread] : threads) {
    if (thread->process->pid == pid) return thread->process->space.get();
  }
  return nullptr;
}

std::set<const ReplaySpace*> Replayer::State::spaces() const {
  std::set<const ReplaySpace*> result;
  for (const auto& [tid, thread] : threads) result.insert(thread->process->space.get());
  return result;
}

bool Replayer::State::at_place(const Event& event, const Position& place) const {
  if (next > place.event.value()) {
    throw Error("the replay has passed the place in front of event " +
                std::to_string(place.event.value()) + "; report this as a bug");
  }
  if (next != place.event.value()) return false;
  if (arrived) return is_place_in_time(event) && place.ticks == event.ticks.value();
  const auto found = threads.find(event.tid);
  if (found == threads.end()) return place.ticks == 0;
  return found->second->ticks == place.ticks && found->second->instructions == place.steps;
}

/// Only where the place is known.
bool Replayer::State::pause_is_due(const ReplayLimits& limits) const {
  if (!limits.pause_after || monotonic_time() - started < *limits.pause_after) return false;
  return place().has_value();
}

std::optional<Position> Replayer::State::place() const {
  const EventNumber number(next);
  if (arrived) return Position{number};
  const auto found = threads.find(trace.event(number).tid);
  if (found == threads.end()) return just_before(number);
  const ReplayContext& thread = *found->second;
  if (!thread.instructions) return {};
  return Position{number, thread.ticks, *thread.instructions};
}

/// Brings a thread to its event by executing user code. Outcome::ticked: a place that run() looks
/// at.
Replayer::State::Outcome Replayer::State::arrive(ReplayContext& thread, const Event& event,
                                                 const ReplayLimits& limits) {
  const bool one = steps(thread, limits);
  const bool watched = is_watched(thread, limits);
  const auto* walk = std::get_if<StepsEvent>(&event.body);
  bool pass = limits.pass;
  for (;;) {
    if (is_at_instruction(thread, event, one || pass)) return Outcome::arrived;
    if (is_at_point(thread, event)) return Outcome::arrived;
    if (walk != nullptr && thread.steps == walk->steps) {
      check_steps(thread, event, *walk);
      return Outcome::arrived;
    }
    const bool by_steps = one || pass || walk != nullptr || in_last_tick(thread, limits) ||
                          needs_steps(thread, limits);
    const std::uint64_t before = thread.regs.rip;
    const Outcome outcome = by_steps ? step_instruction(thread, event, std::exchange(pass, false))
                                     : go_on(thread, event, limits);
    switch (outcome) {
      case Outcome::arrived:
      case Outcome::interrupted:
        return outcome;
      case Outcome::breakpoint:
        // A step led to it: whether that place was asked for comes first. gdb wants to hear of it.
        if (by_steps && thread.regs.rip != before && !(one && watched)) break;
        if (watched && accepts(limits, ReplayStop::Kind::breakpoint, thread)) return outcome;
        pass = true;
        continue;
      case Outcome::watchpoint:
        if (watched && accepts(limits, ReplayStop::Kind::watchpoint, thread)) return outcome;
        if (arrived) return Outcome::arrived;
        break;
      case Outcome::stepped:
      case Outcome::ticked:
        break;
    }
    if (one) return Outcome::stepped;
    if (is_interrupted(limits) || pause_is_due(limits) ||
        (limits.place && at_place(event, *limits.place))) {
      return Outcome::ticked;
    }
  }
}

bool Replayer::State::accepts(const ReplayLimits& limits, ReplayStop::Kind kind,
                              const ReplayContext& thread) const {
  return !limits.accepts || limits.accepts(stop_of(kind, thread.tid));
}

/// What is left to the place asked for are single steps.
bool Replayer::State::in_last_tick(const ReplayContext& thread, const ReplayLimits& limits) const {
  return limits.place && limits.place->event.value() == next &&
         limits.place->ticks == thread.ticks && thread.instructions;
}

/// The recorder's own int3 and ours look alike: a thread that stands at the event's instruction has
/// arrived, whatever lies there.
bool Replayer::State::is_at_instruction(const ReplayContext& thread, const Event& event,
                                        bool whatever_lies_there) const {
  const auto* instruction = std::get_if<InstructionEvent>(&event.body);
  if (instruction == nullptr || instruction->rip.value() != thread.regs.rip) return false;
  return whatever_lies_there || !thread.process->space->breakpoints.contains(instruction->rip);
}

/// A stretch of free running, as long as the limits allow.
Replayer::State::Outcome Replayer::State::go_on(ReplayContext& thread, const Event& event,
                                                const ReplayLimits& limits) {
  Stretch stretch;
  stretch.interrupt = limits.interrupt;
  stretch.ticks = limits.pause_after ? slice : 0;
  if (limits.place && limits.place->event.value() == next) {
    if (limits.place->ticks <= thread.ticks) {
      throw Error("the replay has passed " + std::to_string(limits.place->ticks) +
                  " ticks in front of event " + std::to_string(next) + "; report this as a bug");
    }
    std::uint64_t to_place = limits.place->ticks - thread.ticks;
    if (counters) to_place -= counters->precision().skid;  // see needs_steps()
    if (stretch.ticks == 0 || to_place < stretch.ticks) stretch.ticks = to_place;
  }
  const bool whole_slice = stretch.ticks == slice;
  const std::chrono::nanoseconds begin = whole_slice ? monotonic_time() : 0ns;
  const Outcome outcome = execute(thread, event, stretch);
  if (outcome == Outcome::interrupted) return go_to_next_tick(thread, event);
  if (outcome == Outcome::ticked && whole_slice) adapt_slice(monotonic_time() - begin);
  return outcome == Outcome::watchpoint ? settle(thread, event) : outcome;
}

/// After a watchpoint hit in the middle of an instruction of the original program: to its end.
Replayer::State::Outcome Replayer::State::settle(ReplayContext& thread, const Event& event) {
  const std::optional<WatchRange> hit = watch_hit;
  const std::uint64_t ticks = thread.ticks;
  Outcome outcome = Outcome::stepped;
  if (const auto next_instruction = behind_repetition(thread)) {
    outcome = finish_repetition(thread, event, *next_instruction);
  }
  while (outcome != Outcome::arrived && is_between(*thread.process->space, thread.regs.rip)) {
    Stretch stretch;
    stretch.one_instruction = true;
    outcome = execute(thread, event, stretch);
  }
  if (outcome == Outcome::arrived) arrived = true;
  watch_hit = hit;
  thread.instructions.reset();
  // What was left of the stub counted: that place is exact, as after a step (step_instruction).
  if (thread.ticks != ticks) thread.instructions = 0;
  return Outcome::watchpoint;
}

/// So that the clock is looked at every few milliseconds.
void Replayer::State::adapt_slice(std::chrono::nanoseconds took) {
  constexpr std::uint64_t kMost = 1ull << 40;
  constexpr std::uint64_t kLeast = 1 << 10;
  if (took < 2ms && slice < kMost) slice *= 2;
  if (took > 8ms && slice > kLeast) slice /= 2;
}

/// After an interruption anywhere: the next place that can be found again, if it comes soon.
Replayer::State::Outcome Replayer::State::go_to_next_tick(ReplayContext& thread,
                                                          const Event& event) {
  if (counters) return step_to_next_tick(thread, event);
  static const std::atomic<bool> kAtNextWake = true;
  Stretch stretch;
  stretch.ticks = 1;
  stretch.interrupt = &kAtNextWake;
  const Outcome outcome = execute(thread, event, stretch);
  return outcome == Outcome::ticked || outcome == Outcome::stepped ? Outcome::interrupted : outcome;
}

}  // namespace ttrace
