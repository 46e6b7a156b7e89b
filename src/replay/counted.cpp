// User code where ticks are a hardware counter's (docs/decisions/0009): the text counts nothing,
// and what stops the host at a tick stops it late. The ticks of a place are exact all the same; a
// place that only they tell is approached, and passed by nobody.
#include <algorithm>

#include "replay/arrival.h"
#include "replay/counted_host.h"
#include "replay/lifted.h"
#include "replay/state.h"
#include "tracee/time_trap.h"

namespace ttrace {
namespace {

/// Steps on the way from an interruption to the next tick, before that is given up.
constexpr int kMostSteps = 10'000;

/// What the thread had at the event's place; null if its ticks alone tell (a fatal signal, whose
/// thread nobody saw at that place).
const GeneralRegisters* registers_at(const Event& event) {
  if (const auto* point = std::get_if<PointEvent>(&event.body)) return &point->registers;
  const auto* signal = std::get_if<SignalEvent>(&event.body);
  const bool settled = signal != nullptr && signal->action == SignalEvent::Action::handler;
  return settled ? &signal->registers_before : nullptr;
}

}  // namespace

bool Replayer::State::is_at_point(const ReplayContext& thread, const Event& event) const {
  if (!counters || !is_place_in_time(event) || thread.ticks != event.ticks.value()) return false;
  const GeneralRegisters* wanted = registers_at(event);
  return wanted == nullptr || same_place(thread.regs, *wanted);
}

/// The place that is asked for is so near that only steps find it, or the present one has to be
/// known for a pause that is due.
bool Replayer::State::needs_steps(const ReplayContext& thread, const ReplayLimits& limits) const {
  if (!counters) return false;
  const OverflowPrecision precision = counters->precision();
  const bool near = limits.place && limits.place->event.value() == next &&
                    limits.place->ticks > thread.ticks &&
                    limits.place->ticks - thread.ticks < precision.skid + precision.least_period;
  const bool pauses = limits.pause_after && !thread.instructions &&
                      monotonic_time() - started >= *limits.pause_after;
  return near || pauses;
}

/// execute(), counted by the hardware. `stretch.ticks` is about how far it goes.
Replayer::State::Outcome Replayer::State::execute_counted(ReplayContext& thread, const Event& event,
                                                          const Stretch& stretch) {
  if (is_place_in_time(event) && thread.ticks >= event.ticks.value()) {
    diverge(thread, "the replay is elsewhere after as many ticks");
  }
  load(thread);
  ReplaySpace& space = *thread.process->space;
  if (!space.counter) {
    space.counter = counters->count(space.host->task(), space.host->memory());
  }
  const GeneralRegisters before = thread.regs;
  CountedHost host(space, thread.ticks, stretch.interrupt);
  const Halt halt = stretch.one_instruction ? step_counted(host, before, stretch)
                                            : run_counted(host, thread, event, stretch);
  thread.regs = host.registers();
  thread.ticks = host.ticks();
  if (!stretch.one_instruction) thread.instructions.reset();
  if (halt != Halt::elsewhere && is_at_point(thread, event)) return Outcome::arrived;
  if (halt == Halt::overflow) {
    if (stretch.ticks != 0) return Outcome::ticked;
    diverge(thread, "the replay has counted much further");
  }
  if (!host.stop()) return Outcome::interrupted;
  const Outcome outcome = understand(thread, event, {before, stretch, false}, *host.stop());
  // The event comes before what a breakpoint at its place stops.
  const bool arrives = outcome == Outcome::breakpoint && is_at_point(thread, event);
  return arrives ? Outcome::arrived : outcome;
}

Halt Replayer::State::step_counted(CountedHost& host, const GeneralRegisters& before,
                                   const Stretch& stretch) {
  std::optional<Lifted> lifted;
  if (stretch.pass) lifted.emplace(host.space(), Address(before.rip));
  return host.step();
}

Halt Replayer::State::run_counted(CountedHost& host, const ReplayContext& thread,
                                  const Event& event, const Stretch& stretch) {
  const OverflowPrecision precision = counters->precision();
  const std::uint64_t left = event.ticks.value() - std::min(event.ticks.value(), thread.ticks);
  if (!is_place_in_time(event)) {
    const bool asked = stretch.ticks != 0 && stretch.ticks <= left;
    return host.run(asked ? stretch.ticks : left + 1, std::nullopt);
  }
  if (stretch.ticks != 0 && stretch.ticks + precision.skid <= left) {
    return host.run(stretch.ticks, std::nullopt);
  }
  if (const GeneralRegisters* wanted = registers_at(event)) {
    try {
      const auto end = Approach(precision).reach(host, {event.ticks.value(), *wanted});
      return end == Approach::End::reached ? Halt::stepped : Halt::elsewhere;
    } catch (const Divergence& missed) {
      diverge(thread, missed.what());
    }
  }
  Halt halt = Halt::stepped;
  if (left > precision.skid + precision.least_period) {
    halt = host.run(left - precision.skid, std::nullopt);
  }
  while (halt != Halt::elsewhere && host.ticks() < event.ticks.value()) halt = host.step();
  return halt;
}

/// After an interruption anywhere, by steps.
Replayer::State::Outcome Replayer::State::step_to_next_tick(ReplayContext& thread,
                                                            const Event& event) {
  const std::uint64_t ticks = thread.ticks;
  for (int i = 0; i < kMostSteps && thread.ticks == ticks; ++i) {
    const Outcome outcome = step_instruction(thread, event, false);
    if (outcome != Outcome::stepped) return outcome;
  }
  return Outcome::interrupted;
}

}  // namespace ttrace
