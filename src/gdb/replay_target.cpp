#include "gdb/replay_target.h"

#include <elf.h>

#include <algorithm>
#include <variant>

#include "gdb/link_map.h"
#include "gdb/maps_text.h"
#include "replay/arrival.h"
#include "replay/diversion.h"

namespace ttrace::gdb {
namespace {

/// Longest stack that is searched for the auxiliary vector: arguments and environment, in words.
constexpr std::size_t kMostStackWords = 1 << 20;

/// A word of the memory image that an exec event brought.
std::optional<std::uint64_t> word_of(const ExecEvent& exec, Address at) {
  for (auto write = exec.contents.rbegin(); write != exec.contents.rend(); ++write) {
    if (at < write->at || at - write->at >= write->data.size()) continue;
    const std::size_t offset = at - write->at;
    std::uint64_t word = 0;
    if (write->data.size() - offset < sizeof word) return {};
    std::memcpy(&word, write->data.data() + offset, sizeof word);
    return word;
  }
  return {};
}

/// The auxiliary vector lies above the arguments and the environment, each ended by a zero.
Bytes auxiliary_vector_of(const ExecEvent& exec) {
  Address at(exec.registers.rsp + 8);
  int zeros = 0;
  for (std::size_t i = 0; zeros < 2; ++i, at = at + 8) {
    const auto word = word_of(exec, at);
    if (!word || i == kMostStackWords) return {};
    if (*word == 0) ++zeros;
  }
  Bytes vector;
  for (std::size_t i = 0; i < kMostStackWords; ++i, at = at + 16) {
    const auto type = word_of(exec, at);
    const auto value = word_of(exec, at + 8);
    if (!type || !value) return {};
    const Elf64_auxv_t entry{*type, {*value}};
    const ByteView bytes = bytes_of(entry);
    vector.insert(vector.end(), bytes.begin(), bytes.end());
    if (*type == AT_NULL) return vector;
  }
  return {};
}

/// For the kinds that mean the same here and there.
TargetStop::Kind kind_of(ReplayStop::Kind kind) {
  if (kind == ReplayStop::Kind::breakpoint) return TargetStop::Kind::breakpoint;
  if (kind == ReplayStop::Kind::watchpoint) return TargetStop::Kind::watchpoint;
  if (kind == ReplayStop::Kind::call) return TargetStop::Kind::call;
  if (kind == ReplayStop::Kind::call_return) return TargetStop::Kind::call_return;
  if (kind == ReplayStop::Kind::stepped) return TargetStop::Kind::stepped;
  return TargetStop::Kind::interrupted;
}

EventNumber after(EventNumber event) { return EventNumber(event.value() + 1); }

}  // namespace

ReplayTarget::ReplayTarget(TraceReader& trace, std::optional<Pid> process)
    : trace_(trace),
      outline_(std::make_shared<Outline>(make_outline(trace))),
      timeline_(std::make_unique<Timeline>(trace)) {
  timeline_->on_output([this](int, ByteView text) {
    if (sink_) sink_(text);
  });
  pid_ = process.value_or(outline_->of_failure);
  if (!outline_->processes.contains(pid_)) {
    throw UsageError(trace.path() + " has no process " + std::to_string(pid_.value()) +
                     "; ttrace processes lists them");
  }
  auto failing = failure();
  if (failing && failing->process != pid_) failing.reset();
  begin_ = process_outline().begin;
  for (const EventNumber exec : process_outline().execs) {
    const bool before_failure = failing && exec < failing->event;
    if (exec >= begin_ && (before_failure || begin_ == exec)) begin_ = after(exec);
  }
  seek(failing ? Position{failing->event} : history_begin(), nullptr);
}

ReplayTarget::ReplayTarget(const ReplayTarget& other, std::unique_ptr<Timeline> timeline)
    : trace_(other.trace_),
      outline_(other.outline_),
      pid_(other.pid_),
      begin_(other.begin_),
      timeline_(std::move(timeline)),
      stop_(other.stop_),
      told_signal_(other.told_signal_) {}

ReplayTarget::~ReplayTarget() = default;

std::vector<TargetThread> ReplayTarget::threads() const {
  std::vector<TargetThread> threads;
  for (ReplayThread& thread : timeline_->now().threads(pid_)) {
    threads.push_back({thread.tid, std::move(thread.name)});
  }
  if (threads.empty()) {
    throw Error("process " + std::to_string(pid_.value()) + " does not exist here; goto begin");
  }
  return threads;
}

GeneralRegisters ReplayTarget::registers(Tid tid) const { return timeline_->now().registers(tid); }

Bytes ReplayTarget::vector_state(Tid tid) const { return timeline_->now().vector_state(tid); }

std::size_t ReplayTarget::read_memory(Address at, std::span<std::byte> into) const {
  return read_memory_of(pid_, at, into);
}

std::size_t ReplayTarget::read_memory_of(Pid pid, Address at, std::span<std::byte> into) const {
  return timeline_->now().read_memory(pid, at, into);
}

Bytes ReplayTarget::signal_info() const {
  const EventNumber number = timeline_->now().position();
  if (stop_.kind != TargetStop::Kind::signal || number.value() >= trace_.event_count()) return {};
  const auto* signal = std::get_if<SignalEvent>(&trace_.event(number).body);
  return signal ? signal->info : Bytes();
}

Bytes ReplayTarget::auxiliary_vector() const {
  const auto number = last_exec();
  if (!number) return {};
  const auto* exec = std::get_if<ExecEvent>(&trace_.event(*number).body);
  return exec ? auxiliary_vector_of(*exec) : Bytes();
}

std::string ReplayTarget::executable() const { return timeline_->now().executable(pid_); }

std::optional<Fd> ReplayTarget::open_file(const std::string& path) const {
  if (path == "/proc/" + std::to_string(pid_.value()) + "/maps") {
    return file_of(maps_text(timeline_->now().mappings(pid_)));
  }
  auto object = timeline_->now().object_by_path(path);
  if (!object) {
    const auto read = [this](Address at, std::span<std::byte> into) {
      return read_memory(at, into);
    };
    const Bytes auxv = auxiliary_vector();
    const auto address =
        path == executable() ? executable_headers(auxv) : loaded_as(path, auxv, read);
    if (address) object = object_at(*address);
  }
  if (!object) return {};
  return trace_.open_object(*object);
}

std::optional<std::uint32_t> ReplayTarget::object_at(Address at) const {
  for (const Mapping& mapping : timeline_->now().mappings(pid_)) {
    if (at < mapping.start || at - mapping.start >= mapping.length) continue;
    if (mapping.backing) return mapping.backing->object;
  }
  return {};
}

bool ReplayTarget::insert_breakpoint(Address at, Condition condition) {
  return timeline_->set_breakpoint(pid_, at, std::move(condition));
}

void ReplayTarget::remove_breakpoint(Address at) { timeline_->remove_breakpoint(pid_, at); }

bool ReplayTarget::insert_watchpoint(const WatchRange& range) {
  return timeline_->set_watchpoint(pid_, range);
}

void ReplayTarget::remove_watchpoint(const WatchRange& range) {
  timeline_->remove_watchpoint(pid_, range);
}

TimelineLimits ReplayTarget::limits_of(const ResumeRequest& request) const {
  TimelineLimits limits;
  limits.process = pid_;
  limits.begin = history_begin();
  limits.end = history_end();
  limits.step = request.step;
  limits.barriers = process_outline().execs;
  limits.interrupt = request.interrupt;
  if (request.stops_at_call) {
    limits.stops_at_call = [wanted = request.stops_at_call](std::int64_t number, bool) {
      return wanted(number);
    };
  }
  // A signal that was told when its position was reached is not told again.
  limits.stops_at_signal = [this, wanted = request.stops_at_signal](int signal) {
    return told_signal_ != timeline_->now().position() && (!wanted || wanted(signal));
  };
  return limits;
}

const TargetStop& ReplayTarget::resume(const ResumeRequest& request) {
  // Told once where it stands; a run that comes there from elsewhere is told again.
  const bool stands_there = told_signal_ && timeline_->now().place() == Position{*told_signal_};
  if (request.backwards || !stands_there) told_signal_.reset();
  TimelineLimits limits = limits_of(request);
  // A client takes its breakpoint away to go on from it, unless it has forgotten that it set one:
  // gdb does so when it sees the library unloaded (disable_breakpoints_in_unloaded_shlib in its
  // breakpoint.c), which is what a way back to the begin looks like.
  limits.pass = stop_.kind == TargetStop::Kind::breakpoint;
  stop_ = request.backwards ? backward(limits) : forward(limits);
  return stop_;
}

TargetStop ReplayTarget::forward(const TimelineLimits& limits) {
  const bool was_at_end = timeline_->now().place() == history_end();
  const ReplayStop stop = timeline_->run_forward(limits);
  using Kind = ReplayStop::Kind;
  if (stop.kind != Kind::event && stop.kind != Kind::end) return told(stop);
  if (timeline_->now().position() < history_end().event) return pass_exec();
  TargetStop last = arrived(stop.tid);
  if (last.kind == TargetStop::Kind::signal) return last;
  const auto call = call_begun(trace_.event(history_end().event).body);  // mostly the exit
  if (!was_at_end && call && limits.stops_at_call && limits.stops_at_call(*call, false)) {
    return {TargetStop::Kind::call, last.tid, 0, {}, {}, *call};
  }
  return {TargetStop::Kind::history_end, last.tid, 0, process_outline().fate};
}

TargetStop ReplayTarget::backward(const TimelineLimits& limits) {
  const ReplayStop stop = timeline_->run_backward(limits);
  using Kind = ReplayStop::Kind;
  if (stop.kind == Kind::end) return {TargetStop::Kind::history_begin, stop.tid, 0, {}};
  if (stop.kind != Kind::event) return told(stop);
  timeline_->forget_breakpoints(pid_);  // they were in the program that comes later
  return {TargetStop::Kind::exec, stop.tid, 0, executable()};
}

TargetStop ReplayTarget::told(const ReplayStop& stop) {
  if (stop.kind == ReplayStop::Kind::signal) return signal_stop(stop.tid, stop.signal);
  return {kind_of(stop.kind), stop.tid, 0, {}, stop.watched, stop.call};
}

TargetStop ReplayTarget::signal_stop(Tid tid, int signal) {
  told_signal_ = timeline_->now().position();
  return {TargetStop::Kind::signal, tid, signal, {}};
}

TargetStop ReplayTarget::arrived(Tid tid) {
  const EventNumber number = timeline_->now().position();
  if (timeline_->now().place() == Position{number} && number.value() < trace_.event_count() &&
      told_signal_ != number) {
    const Event& event = trace_.event(number);
    const auto* signal = std::get_if<SignalEvent>(&event.body);
    if (signal && is_ours(event.tid)) return signal_stop(event.tid, signal->number);
  }
  return {TargetStop::Kind::arrived, tid, 0, {}};
}

TargetStop ReplayTarget::pass_exec() {
  const EventNumber exec = timeline_->now().position();
  const Tid tid = trace_.event(exec).tid;
  timeline_->seek(just_before(after(exec)));
  timeline_->forget_breakpoints(pid_);  // they were in the program that is gone
  return {TargetStop::Kind::exec, tid, 0, executable()};
}

const TargetStop& ReplayTarget::seek(Position to, const std::atomic<bool>* interrupt) {
  to = std::clamp(to, history_begin(), history_end());
  const auto program = last_exec();
  told_signal_.reset();
  const ReplayStop stop = timeline_->seek(to, interrupt);
  // At the end of a recording no thread has arrived: the one that failed is of interest.
  const auto& failing = trace_.info().failure;
  const bool at_failure = failing && Position{failing->event} == to && is_ours(failing->tid);
  if (stop.kind == ReplayStop::Kind::interrupted) {
    stop_ = {TargetStop::Kind::interrupted, stop.tid, 0, {}};
  } else {
    stop_ = arrived(at_failure ? failing->tid : stop.tid);
  }
  if (program && last_exec() != program) {
    timeline_->forget_breakpoints(pid_);
    stop_ = {TargetStop::Kind::exec, stop_.tid, 0, executable()};
  }
  return stop_;
}

bool ReplayTarget::is_ours(Tid tid) const {
  const auto threads = timeline_->now().threads(pid_);
  return std::any_of(threads.begin(), threads.end(),
                     [&](const ReplayThread& thread) { return thread.tid == tid; });
}

std::optional<EventNumber> ReplayTarget::last_exec() const {
  std::optional<EventNumber> last;
  for (const EventNumber exec : process_outline().execs) {
    if (exec < timeline_->now().position()) last = exec;
  }
  return last;
}

std::optional<TargetFailure> ReplayTarget::failure() const {
  const auto& failure = trace_.info().failure;
  const bool is_known = failure && failure->event.value() < trace_.event_count();
  if (!is_known || outline_->of_failure != pid_) {
    // A child's failed assertion need not be what its test failed for.
    if (const auto own = process_outline().failed_assertion) return assertion_at(*own);
  }
  if (!is_known) return {};
  TargetFailure result;
  const EventBody& body = trace_.event(failure->event).body;
  if (std::holds_alternative<MarkEvent>(body)) result.kind = TargetFailure::Kind::mark;
  if (std::holds_alternative<SignalEvent>(body)) result.kind = TargetFailure::Kind::signal;
  result.event = failure->event;
  result.process = outline_->of_failure;
  result.tid = failure->tid;
  result.file = failure->file;
  result.line = failure->line;
  result.message = failure->message;
  return result;
}

std::optional<TargetFailure> ReplayTarget::assertion_at(EventNumber number) const {
  const Event& event = trace_.event(number);
  const auto* mark = std::get_if<MarkEvent>(&event.body);
  if (mark == nullptr) return {};
  return TargetFailure{
      TargetFailure::Kind::mark, number, pid_, event.tid, mark->file, mark->line, mark->text};
}

std::uint64_t ReplayTarget::digest() const { return timeline_->now().process_digest(pid_); }

std::unique_ptr<Diversion> ReplayTarget::divert() const { return timeline_->now().divert(pid_); }

std::unique_ptr<DebugTarget> ReplayTarget::excursion() const {
  return std::unique_ptr<DebugTarget>(new ReplayTarget(*this, timeline_->fork()));
}

std::string ReplayTarget::case_name() const { return trace_.info().case_name; }

}  // namespace ttrace::gdb
