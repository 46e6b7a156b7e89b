#include <algorithm>

#include "record/call_ends.h"
#include "record/session.h"
#include "ticks/approach.h"
#include "ticks/traced_thread.h"

// Ticks of a hardware counter (docs/decisions/0009). It runs while a thread executes user code:
// from just before it is resumed to its next stop, so that what the recorder itself executes in the
// process counts for nobody. An overflow stops the thread at some place; stepped to right after its
// next tick it stands at the first place with so many ticks, which a replay finds again.

namespace ttrace {
namespace {

constexpr std::uint64_t bit(int signal) { return 1ull << (signal - 1); }

/// Steps without a tick after which a thread is let run again.
constexpr std::uint64_t kMostSteps = 10'000;
/// To a place so few ticks away a thread is stepped.
constexpr std::uint64_t kMostSteppedTicks = 8;
/// The longest quantum with a counter that steps.
constexpr std::uint64_t kMostSteppedQuantum = 256;
/// While others exist but sleep: how often it is looked whether one has woken, in ticks.
constexpr std::uint64_t kLookAround = 1 << 18;

bool same_registers(const GeneralRegisters& a, const GeneralRegisters& b) {
  return same_place(a, b) && a.orig_rax == b.orig_rax;
}

bool has_held(const RecordedThread& thread) {
  return std::ranges::any_of(thread.held_signals, [](const HeldSignal& h) { return !h.queued; });
}

}  // namespace

/// The thread is about to execute user code. Its counter's signal must reach it then, whatever the
/// program blocks.
void RecordSession::begin_counting(Thread& thread) {
  CountedProgress& progress = thread.counted;
  if (!progress.counter) {
    progress.counter = options_.counters->count(thread.task(), thread.memory());
  }
  if ((thread.signal_mask & bit(TickCounter::kSignal)) && !mask_is_lent(thread)) {
    thread.signal_mask &= ~bit(TickCounter::kSignal);
    thread.task().set_signal_mask(thread.signal_mask);
  }
  progress.counter->reset();
  progress.runs = true;
  progress.overflow_at = 0;
}

void RecordSession::arm_counter(Thread& thread) {
  begin_counting(thread);
  CountedProgress& progress = thread.counted;
  if (progress.quantum_left == 0 && threads_.size() > 1) {
    thread.process->space->looks_around = false;
    progress.quantum_left =
        thread.asked_untraced ? Scheduler::kLongestQuantum : scheduler_.quantum(thread.tid);
  }
  // A counter that steps takes some thousand times as long.
  if (progress.counter->forces_traps()) {
    progress.quantum_left = std::min(progress.quantum_left, kMostSteppedQuantum);
  }
  progress.overflow_at = progress.quantum_left;
  if (progress.overflow_at != 0) progress.counter->overflow_after(progress.overflow_at);
}

void RecordSession::note_counted(Thread& thread) {
  CountedProgress& progress = thread.counted;
  if (!std::exchange(progress.runs, false)) return;
  progress.counter->overflow_never();
  const std::uint64_t ticks = progress.counter->ticks();
  thread.ticks += ticks;
  progress.quantum_left -= std::min(ticks, progress.quantum_left);
  if (threads_.size() == 1) return;
  result_.contended_ticks += ticks;
  scheduler_.ran(ticks);
}

/// How a thread is resumed that is to go on as `how`.
Resume RecordSession::counted(Thread& thread, Resume how) {
  return thread.counted.counter ? thread.counted.counter->prepare(how) : how;
}

/// The stop is one that the counter needs for itself: the thread goes on at once.
bool RecordSession::goes_on_counting(Thread& thread, const StopStatus& stop) {
  if (!thread.counted.counter || !thread.counted.counter->absorbs(stop)) return false;
  thread.task().resume(counted(thread, Resume::run));
  return true;
}

/// A stop in user code, whose ticks are noted: true if it is an overflow. Otherwise an overflow
/// that is on its way waits until the thread executes user code again: it must not interrupt a
/// call.
bool RecordSession::on_counted_stop(Thread& thread, const StopStatus& stop) {
  CountedProgress& progress = thread.counted;
  if (!progress.counter) return false;
  if (progress.counter->forces_traps()) repair_after_steps(thread);
  if (stop.kind == StopStatus::Kind::signal && stop.value == TickCounter::kSignal &&
      progress.counter->is_overflow(thread.task().signal_info())) {
    on_overflow(thread);
    return true;
  }
  if (progress.overflow_at != 0 && progress.quantum_left == 0) {
    thread.signal_mask |= bit(TickCounter::kSignal);
    thread.task().set_signal_mask(thread.signal_mask);
  }
  return false;
}

void RecordSession::on_overflow(Thread& thread) {
  const GeneralRegisters regs = thread.task().registers();
  if (thread.place != Thread::Place::boundary || !same_registers(regs, thread.regs)) {
    thread.place = Thread::Place::user;
  }
  thread.regs = regs;
  CountedProgress& progress = thread.counted;
  const bool is_stale = progress.overflow_at == 0 || progress.quantum_left != 0;
  if (is_stale) return;
  collect_woken();
  if (has_held(thread) || others_ready(thread) || !held_back_ends_.empty()) {
    progress.settles_after = 1;
    return;
  }
  thread.process->space->looks_around = true;
  progress.quantum_left = threads_.size() == 1 ? 0 : kLookAround;
}

/// A signal is held, or somebody waits: to a place after so many ticks at most.
void RecordSession::settle_within(Thread& thread, std::uint64_t ticks) {
  CountedProgress& progress = thread.counted;
  std::uint64_t& bound =
      ticks <= kMostSteppedTicks ? progress.settles_after : progress.quantum_left;
  bound = bound == 0 ? ticks : std::min(bound, ticks);
}

/// Steps the thread to the first place after so many ticks, where a held signal is delivered, or
/// where it leaves. A status is that of the stop that came before.
std::optional<int> RecordSession::go_to_point(Thread& thread) {
  std::uint64_t ticks = std::exchange(thread.counted.settles_after, 0);
  const bool in_user_code =
      thread.place == Thread::Place::boundary || thread.place == Thread::Place::user;
  if (!in_user_code || thread.deliver != 0) return {};
  rejoin_split(thread);
  begin_counting(thread);
  thread.place = Thread::Place::user;
  const Tid tid = thread.tid;
  TracedThread stepped(thread.task(), thread.memory(), *thread.counted.counter,
                       {Resume::run, Resume::step, [tid] { return wait_for_stop(tid); }});
  Settled end = Settled::there;
  for (; ticks > 0 && end == Settled::there; --ticks) end = settle(stepped, kMostSteps);
  if (end == Settled::elsewhere) return stepped.status();
  thread.regs = thread.task().registers();
  note_counted(thread);
  repair_after_steps(thread);
  if (end == Settled::nowhere) return {};
  if (deliver_held(thread, Address(thread.regs.rip))) return {};
  leave_if_awaited(thread, PointEvent{thread.regs});
  return {};
}

/// The kernel forces the trap of a step upon a thread that blocks it, and changes what the program
/// set.
void RecordSession::repair_after_steps(Thread& thread) {
  if (!forcing_changes(thread, SIGTRAP)) return;
  if (thread.process->actions->action(SIGTRAP).handler != 0) {
    throw NotRecordable("a program that has an action for SIGTRAP, which it blocks or ignores");
  }
  thread.task().set_signal_mask(thread.signal_mask);
}

}  // namespace ttrace
