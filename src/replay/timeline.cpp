#include "replay/timeline.h"

#include <algorithm>

#include "base/error.h"

namespace ttrace {
namespace {

using namespace std::chrono_literals;

/// Replay time between two checkpoints.
constexpr std::chrono::microseconds kBetweenCheckpoints = 25ms;

constexpr std::uint64_t kManySteps = ~0ull;

}  // namespace

Timeline::Timeline(TraceReader& trace)
    : Timeline(trace, std::make_unique<Replayer>(trace), std::make_shared<Checkpoints>()) {}

Timeline::Timeline(TraceReader& trace, std::unique_ptr<Replayer> now,
                   std::shared_ptr<Checkpoints> checkpoints)
    : trace_(trace),
      now_(std::move(now)),
      checkpoints_(std::move(checkpoints)),
      kept_(now_->elapsed()) {}

Timeline::Driven::Driven(Timeline& timeline) : timeline_(timeline), outermost_(!timeline.driving_) {
  if (outermost_) timeline.driving_.emplace(timeline.now_->cpu());
}

Timeline::Driven::~Driven() {
  if (outermost_) timeline_.driving_.reset();
}

std::unique_ptr<Timeline> Timeline::fork() const {
  return std::unique_ptr<Timeline>(new Timeline(trace_, now_->fork(), checkpoints_));
}

void Timeline::replace(std::unique_ptr<Replayer> replayer) {
  now_ = std::move(replayer);
  armed_.reset();
}

void Timeline::go_back_to(const Checkpoints::Entry& checkpoint) {
  replace(checkpoint.copy ? checkpoint.copy->fork() : std::make_unique<Replayer>(trace_));
  kept_ = now_->elapsed();
}

void Timeline::arm(Pid process) {
  if (armed_ != process) {
    disarm();
    for (const auto& [place, condition] : breakpoints_) {
      if (place.first == process) now_->insert_breakpoint(process, place.second);
    }
    armed_ = process;
  }
  std::vector<WatchRange> ranges;
  for (const auto& [pid, range] : watchpoints_) {
    if (pid == process) ranges.push_back(range);
  }
  now_->watch(process, ranges);
}

void Timeline::disarm() {
  if (!armed_) return;
  for (const auto& [place, condition] : breakpoints_) {
    if (place.first == *armed_) now_->remove_breakpoint(place.first, place.second);
  }
  now_->watch(*armed_, {});
  armed_.reset();
}

bool Timeline::set_breakpoint(Pid process, Address at, Condition condition) {
  std::byte there{};
  if (now_->read_memory(process, at, std::span(&there, 1)) != 1) return false;
  const auto [place, is_new] = breakpoints_.insert_or_assign({process, at}, std::move(condition));
  if (is_new && armed_ == process) now_->insert_breakpoint(process, at);
  return true;
}

void Timeline::remove_breakpoint(Pid process, Address at) {
  if (breakpoints_.erase({process, at}) == 0) return;
  if (armed_ == process) now_->remove_breakpoint(process, at);
}

bool Timeline::set_watchpoint(Pid process, const WatchRange& range) {
  watchpoints_.emplace(process, range);
  std::vector<WatchRange> ranges;
  for (const auto& [pid, other] : watchpoints_) {
    if (pid == process) ranges.push_back(other);
  }
  // Beyond the registers pages are closed, which a replay by a counter knows nothing of.
  const bool fits = trace_.info().hardware_ticks.empty() || slots_for(ranges).size() <= kDebugSlots;
  if (fits && can_watch(ranges)) return true;
  watchpoints_.erase({process, range});
  return false;
}

void Timeline::remove_watchpoint(Pid process, const WatchRange& range) {
  watchpoints_.erase({process, range});
}

void Timeline::forget_breakpoints(Pid process) {
  if (armed_ == process) armed_.reset();
  std::erase_if(breakpoints_, [&](const auto& one) { return one.first.first == process; });
  std::erase_if(watchpoints_, [&](const auto& one) { return one.first == process; });
}

/// A copy of the present, whose place must be known.
std::shared_ptr<const Replayer> Timeline::keep_checkpoint() {
  const Position place = now_->place().value();
  kept_ = now_->elapsed();
  const Checkpoints::Entry last = checkpoints_->at_or_before(place);
  if (last.copy && last.at == place) return last.copy;
  return checkpoints_->add(place, now_->fork());
}

ReplayStop Timeline::stop_here(ReplayStop::Kind kind, Tid tid) const {
  ReplayStop stop;
  stop.kind = kind;
  stop.tid = tid;
  return stop;
}

/// Within a movement.
ReplayStop Timeline::run(ReplayLimits& limits) {
  limits.driving = &driving_.value();
  return now_->run(limits);
}

/// Runs, and keeps a checkpoint now and then.
ReplayStop Timeline::advance(ReplayLimits limits) {
  for (;;) {
    const auto left = kept_ + kBetweenCheckpoints - now_->elapsed();
    limits.pause_after = std::max(1ms, std::chrono::duration_cast<std::chrono::milliseconds>(left));
    const ReplayStop stop = run(limits);
    if (stop.kind != ReplayStop::Kind::paused) return stop;
    keep_checkpoint();
    limits.pass = false;
  }
}

/// The present may be a place that only fits one of several: which instruction within the tick. The
/// instructions are gone through from the tick on, until everything is as it is here.
Position Timeline::position() {
  if (const auto place = now_->place()) return *place;
  const Driven driven(*this);
  const EventNumber event = now_->position();
  const Tid tid = trace_.event(event).tid;
  const std::uint64_t ticks = now_->ticks();
  const std::uint64_t pc = now_->registers(tid).rip;
  const std::uint64_t wanted = now_->fingerprint();
  seek({event, ticks, 0});
  keep_checkpoint();
  ReplayLimits step;
  step.step = tid;
  for (;;) {
    if (now_->registers(tid).rip == pc && now_->fingerprint() == wanted) break;
    if (now_->position() != event || now_->ticks() != ticks) {
      throw Error("a place in front of event " + std::to_string(event.value()) + " (" +
                  std::to_string(ticks) + " ticks, program counter " + std::to_string(pc) +
                  ") is not found again; report this as a bug");
    }
    run(step);
  }
  return *now_->place();
}

ReplayStop Timeline::seek(Position to, const std::atomic<bool>* interrupt) {
  const Driven driven(*this);
  const auto place = now_->place();
  const Position here = place ? *place : Position{now_->position(), now_->ticks(), kManySteps};
  const Checkpoints::Entry checkpoint = checkpoints_->at_or_before(to);
  if (here > to || (checkpoint.copy && checkpoint.at > here)) go_back_to(checkpoint);
  disarm();
  now_->on_output({});
  ReplayLimits limits;
  limits.interrupt = interrupt;
  if (to.at_event()) {
    limits.before_event = to.event;
  } else {
    limits.place = to;
  }
  return advance(limits);
}

ReplayLimits Timeline::limits_of(const TimelineLimits& limits) const {
  ReplayLimits result;
  result.process = limits.process;
  result.interrupt = limits.interrupt;
  result.stop_at_signals = bool(limits.stops_at_signal);
  result.stop_at_calls = bool(limits.stops_at_call);
  return result;
}

bool Timeline::is_wanted(const ReplayStop& stop, const TimelineLimits& limits) const {
  if (stop.kind == ReplayStop::Kind::signal) return limits.stops_at_signal(stop.signal);
  const bool returns = stop.kind == ReplayStop::Kind::call_return;
  if (returns || stop.kind == ReplayStop::Kind::call) {
    return limits.stops_at_call(stop.call, returns);
  }
  if (stop.kind != ReplayStop::Kind::breakpoint) return true;
  const auto breakpoint = breakpoints_.find({limits.process, stop.pc});
  return breakpoint == breakpoints_.end() || !breakpoint->second || breakpoint->second(stop.tid);
}

/// With system calls that end or begin at `here` left out.
TimelineLimits Timeline::beyond(const Position& here, const TimelineLimits& limits) const {
  TimelineLimits result = limits;
  if (!limits.stops_at_call) return result;
  result.stops_at_call = [this, here, wanted = limits.stops_at_call](std::int64_t number,
                                                                     bool returns) {
    return now_->place() != here && wanted(number, returns);
  };
  return result;
}

ReplayStop Timeline::run_forward(const TimelineLimits& asked) {
  const Driven driven(*this);
  const auto here = now_->place();
  const TimelineLimits limits = here ? beyond(*here, asked) : asked;
  arm(limits.process);
  ReplayLimits way = limits_of(limits);
  way.step = limits.step;
  way.pass = limits.pass;
  way.before_event = limits.end.event;
  for (const EventNumber barrier : limits.barriers) {
    if (barrier >= now_->position() && barrier < limits.end.event) {
      way.before_event = barrier;
      break;
    }
  }
  way.accepts = [&](const ReplayStop& stop) { return is_wanted(stop, limits); };
  now_->on_output(sink_);
  return advance(way);
}

ReplayStop Timeline::run_backward(const TimelineLimits& limits) {
  const Driven driven(*this);
  now_->on_output({});
  return limits.step ? step_backward(limits) : continue_backward(limits);
}

std::vector<Bytes> Timeline::watched_values(Pid process) const {
  std::vector<Bytes> values;
  for (const auto& [pid, range] : watchpoints_) {
    if (pid != process || range.kind != WatchRange::Kind::write) continue;
    Bytes value(range.length);
    value.resize(now_->read_memory(pid, range.at, value));
    values.push_back(std::move(value));
  }
  return values;
}

}  // namespace ttrace
