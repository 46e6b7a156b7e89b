#include "gdb/outline.h"

#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <optional>

#include "gdb/signals.h"
#include "query/mark_text.h"

namespace ttrace::gdb {
namespace {

std::string describe_end(Pid pid, int status) {
  const std::string process = "process " + std::to_string(pid.value());
  if (WIFSIGNALED(status)) return process + " is killed by " + signal_name(WTERMSIG(status));
  return process + " exits with status " + std::to_string(WEXITSTATUS(status));
}

/// Takes the events in order.
class Scanner {
 public:
  explicit Scanner(Outline& out) : out_(out) {}

  void take(EventNumber number, const Event& event) {
    number_ = number;
    event_ = &event;
    std::visit([this](const auto& body) { on(body); }, event.body);
    note_life();
  }

  std::optional<Pid> process_of(Tid tid) const {
    const auto found = process_of_.find(tid);
    return found == process_of_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  /// What is known of a process while it lives.
  struct Life {
    EventNumber last;                      ///< its last event that was not an end of something
    bool last_ends = false;                ///< that event was an exit or a deadly signal
    std::optional<EventNumber> first_end;  ///< the first end after `last`
  };

  template <class Body>
  void on(const Body&) {}

  void on(const ExecEvent& exec) {
    if (out_.processes.empty()) out_.first = exec.pid;
    process_of_[event_->tid] = exec.pid;
    auto [process, is_new] = out_.processes.try_emplace(exec.pid);
    if (is_new) process->second.begin = number_;
    process->second.execs.push_back(number_);
  }

  void on(const NewTaskEvent& task) {
    process_of_[task.child] = task.child_pid;
    if (out_.processes.contains(task.child_pid)) return;
    ProcessOutline& child = out_.processes[task.child_pid];
    child.begin = EventNumber(number_.value() + 1);
    const auto parent = process_of(event_->tid);
    if (!parent) return;
    const auto& execs = out_.processes[*parent].execs;
    if (!execs.empty()) child.execs.push_back(execs.back());
  }

  void on(const MarkEvent& mark) {
    out_.marks.push_back({number_, event_->tid, describe(mark)});
    const auto pid = process_of(event_->tid);
    if (!pid || mark.kind != MarkEvent::Kind::assertion_failed) return;
    auto& first = out_.processes[*pid].failed_assertion;
    if (!first) first = number_;
  }

  void on(const ProcessExitEvent& exit) {
    const auto found = out_.processes.find(exit.pid);
    if (found == out_.processes.end()) return;
    const Life& life = lives_[exit.pid];
    found->second.end = life.last_ends ? life.last : life.first_end.value_or(number_);
    found->second.fate = describe_end(exit.pid, exit.status);
  }

  void on(const EndEvent& end) {
    static constexpr std::array kReasons{"the recording ends here",
                                         "the recording ends here: it ran past its time",
                                         "the recording ends here: it was interrupted"};
    for (auto& [pid, process] : out_.processes) {
      if (!process.fate.empty()) continue;
      process.end = number_;
      process.fate = kReasons.at(std::size_t(end.reason));
    }
  }

  bool is_exit() const {
    const auto exits = [](std::int32_t call) { return call == SYS_exit || call == SYS_exit_group; };
    if (const auto* call = std::get_if<SyscallEvent>(&event_->body)) {
      return exits(call->entry.number);
    }
    if (const auto* call = std::get_if<SyscallEnterEvent>(&event_->body)) {
      return exits(call->entry.number);
    }
    const auto* signal = std::get_if<SignalEvent>(&event_->body);
    return signal && signal->action == SignalEvent::Action::fatal;
  }

  void note_life() {
    const auto pid = process_of(event_->tid);
    if (!pid) return;
    Life& life = lives_[*pid];
    if (std::holds_alternative<TaskExitEvent>(event_->body) ||
        std::holds_alternative<ProcessExitEvent>(event_->body)) {
      if (!life.first_end) life.first_end = number_;
      return;
    }
    // Threads of a process that is being ended may still leave their calls: the first exit counts.
    if (life.last_ends && std::holds_alternative<SyscallExitEvent>(event_->body)) return;
    life = {number_, is_exit(), {}};
  }

  Outline& out_;
  std::map<Tid, Pid> process_of_;
  std::map<Pid, Life> lives_;
  EventNumber number_;
  const Event* event_ = nullptr;
};

}  // namespace

Outline make_outline(TraceReader& trace) {
  Outline outline;
  Scanner scanner(outline);
  const auto& failure = trace.info().failure;
  std::optional<Pid> of_failure;
  for (std::uint64_t i = 0; i < trace.event_count(); ++i) {
    const EventNumber number(i);
    if (failure && failure->event == number) of_failure = scanner.process_of(failure->tid);
    scanner.take(number, trace.event(number));
  }
  if (outline.processes.empty()) {
    throw TraceError(trace.path() + ": no program ran in this recording; record it again");
  }
  outline.of_failure = of_failure.value_or(outline.first);
  return outline;
}

}  // namespace ttrace::gdb
