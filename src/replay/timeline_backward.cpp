// The part of Timeline that goes backwards.
#include <algorithm>

#include "replay/arrival.h"
#include "replay/timeline.h"

namespace ttrace {
namespace {

/// Steps between two checkpoints on the way to an instruction before.
constexpr int kBetweenSteps = 32;

/// Where a run backwards must stop: at the begin, or just after the last barrier before.
Position lower_bound(const TimelineLimits& limits, const Position& from) {
  Position low = limits.begin;
  for (const EventNumber barrier : limits.barriers) {
    const Position after = just_before(EventNumber(barrier.value() + 1));
    if (after < from) low = std::max(low, after);
  }
  return low;
}

}  // namespace

ReplayStop Timeline::continue_backward(const TimelineLimits& asked) {
  using Kind = ReplayStop::Kind;
  const Position from = position();
  const TimelineLimits limits = beyond(from, asked);
  const Position low = lower_bound(limits, from);
  const Tid tid = trace_.event(from.event).tid;
  if (from <= limits.begin) return stop_here(Kind::end, tid);
  for (Position to = from; to > low;) {
    const Checkpoints::Entry checkpoint = checkpoints_->before(to);
    const Position start = checkpoint.copy ? std::max(checkpoint.at, low) : low;
    Hit before{checkpoint.copy, 0};
    if (checkpoint.copy && checkpoint.at == start) {
      go_back_to(checkpoint);
    } else {
      if (seek(start, limits.interrupt).kind == Kind::interrupted) {
        seek(to);
        return stop_here(Kind::interrupted, trace_.event(to.event).tid);
      }
      before.from = keep_checkpoint();
    }
    const Search found = search(before, to, limits);
    if (found.interrupted) {
      seek(to);
      return stop_here(Kind::interrupted, trace_.event(to.event).tid);
    }
    if (found.last) return land(*found.last, limits);
    to = start;
  }
  if (low != limits.begin) {
    const EventNumber barrier(low.event.value() - 1);
    seek({barrier});
    return stop_here(Kind::event, trace_.event(barrier).tid);
  }
  seek(low);
  return stop_here(Kind::end, trace_.event(low.event).tid);
}

/// From the present, of which `next.from` is a copy, up to `to`: the last stop in between.
Timeline::Search Timeline::search(Hit next, const Position& to, const TimelineLimits& limits) {
  Search result;
  arm(limits.process);
  ReplayLimits way = limits_of(limits);
  if (to.at_event()) {
    way.before_event = to.event;
  } else {
    way.place = to;
  }
  way.accepts = [&](const ReplayStop& stop) {
    if (!is_wanted(stop, limits)) return false;
    ++next.nth;
    result.last = next;
    return false;
  };
  for (;;) {
    way.pause_after = std::chrono::milliseconds(25);
    const ReplayStop stop = run(way);
    result.interrupted = stop.kind == ReplayStop::Kind::interrupted;
    if (stop.kind != ReplayStop::Kind::paused) return result;
    next = {keep_checkpoint(), 0};
  }
}

ReplayStop Timeline::land(const Hit& hit, const TimelineLimits& limits) {
  go_back_to({{}, hit.from});
  arm(limits.process);
  std::uint64_t seen = 0;
  ReplayLimits way = limits_of(limits);
  way.interrupt = nullptr;
  way.accepts = [&](const ReplayStop& stop) {
    return is_wanted(stop, limits) && ++seen == hit.nth;
  };
  ReplayStop stop = run(way);
  if (stop.kind != ReplayStop::Kind::watchpoint) return stop;
  TimelineLimits back = limits;
  back.step = stop.tid;
  const WatchRange watched = stop.watched;
  stop = step_backward(back);
  stop.kind = ReplayStop::Kind::watchpoint;
  stop.watched = watched;
  return stop;
}

/// A place before `from` from which single steps of the thread lead there, or to its next one: the
/// last counted place of its last stretch of user code. None: it did not exist before.
std::optional<Position> Timeline::step_origin(Tid tid, const Position& from) {
  const auto last_tick = [](EventNumber number, const Event& event) {
    const std::uint64_t ticks = event.ticks.value();
    return Position{number, is_place_in_time(event) ? ticks - 1 : ticks, 0};
  };
  const Event& present = trace_.event(from.event);
  if (present.tid == tid) {
    if (from.at_event() && needs_execution(present)) return last_tick(from.event, present);
    if (!from.at_event() && from.steps > 0) return Position{from.event, from.ticks, 0};
    if (!from.at_event() && from.ticks > 0) return Position{from.event, from.ticks - 1, 0};
  }
  for (std::uint64_t number = from.event.value(); number-- > 0;) {
    const Event& event = trace_.event(EventNumber(number));
    const auto* made = std::get_if<NewTaskEvent>(&event.body);
    if (made != nullptr && made->child == tid) return {};
    if (event.tid != tid) continue;
    if (needs_execution(event)) return last_tick(EventNumber(number), event);
    if (std::holds_alternative<SignalEvent>(event.body)) return just_before(EventNumber(number));
    if (std::holds_alternative<ExecEvent>(event.body)) return {};
  }
  return {};
}

ReplayStop Timeline::step_backward(const TimelineLimits& limits) {
  using Kind = ReplayStop::Kind;
  const Tid tid = *limits.step;
  const Position from = position();
  const Position low = lower_bound(limits, from);
  if (from <= limits.begin) return stop_here(Kind::end, tid);
  if (from <= low) {
    const EventNumber barrier(low.event.value() - 1);
    seek({barrier});
    return stop_here(Kind::event, tid);
  }
  const std::vector<Bytes> values = watched_values(limits.process);
  const Position origin = std::max(step_origin(tid, from).value_or(low), low);
  // A checkpoint on the way is as good, if it is one of this thread.
  const Checkpoints::Entry near = checkpoints_->before(from);
  const bool on_the_way = near.copy && near.at > origin && near.at.event == origin.event;
  seek(on_the_way ? near.at : origin);
  keep_checkpoint();

  ReplayLimits step;
  step.step = tid;
  step.interrupt = limits.interrupt;
  if (from.at_event()) {
    step.before_event = from.event;
  } else {
    step.place = from;
  }
  Position last = *now_->place();
  for (int steps = 1;; ++steps) {
    const ReplayStop stop = run(step);
    if (stop.kind == Kind::interrupted) {
      seek(from);
      return stop_here(Kind::interrupted, tid);
    }
    const Position here = *now_->place();
    if (stop.kind != Kind::stepped || here >= from) break;
    last = here;
    if (steps % kBetweenSteps == 0) keep_checkpoint();
  }
  seek(last);
  const bool changed = watched_values(limits.process) != values;
  ReplayStop result = stop_here(changed ? Kind::watchpoint : Kind::stepped, tid);
  if (changed) {
    const auto after = watched_values(limits.process);
    std::size_t i = 0;
    for (const auto& [pid, range] : watchpoints_) {
      if (pid != limits.process || range.kind != WatchRange::Kind::write) continue;
      if (after[i] != values[i]) result.watched = range;
      ++i;
    }
  }
  return result;
}

}  // namespace ttrace
