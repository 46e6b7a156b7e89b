#include "query/processes.h"

#include <algorithm>

namespace ttrace {

void ProcessMap::note(const Event& event) {
  if (const auto* exec = std::get_if<ExecEvent>(&event.body)) by_thread_[event.tid] = exec->pid;
  if (const auto* task = std::get_if<NewTaskEvent>(&event.body)) {
    by_thread_[task->child] = task->child_pid;
  }
}

std::optional<Pid> ProcessMap::of(Tid tid) const {
  const auto found = by_thread_.find(tid);
  return found == by_thread_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<ProcessRecord> processes_of(TraceReader& trace) {
  std::vector<ProcessRecord> all;
  // The latest of that number: the kernel may give a number twice.
  const auto find = [&](Pid pid) {
    const auto found =
        std::find_if(all.rbegin(), all.rend(), [&](const auto& p) { return p.pid == pid; });
    return found == all.rend() ? nullptr : &*found;
  };
  const EventNumber last(trace.event_count() - 1);
  ProcessMap map;
  for (EventNumber number; number <= last; number = EventNumber(number.value() + 1)) {
    const Event& event = trace.event(number);
    const auto of_event = map.of(event.tid);
    map.note(event);
    if (const auto* exec = std::get_if<ExecEvent>(&event.body)) {
      if (!find(exec->pid)) all.push_back({exec->pid, {}, number, last, {}, {}});
      find(exec->pid)->executables.push_back(exec->path);
    } else if (const auto* task = std::get_if<NewTaskEvent>(&event.body)) {
      if (task->child.value() != task->child_pid.value()) continue;  // a thread
      ProcessRecord child{task->child_pid, of_event, number, last, {}, {}};
      const ProcessRecord* parent = of_event ? find(*of_event) : nullptr;
      if (parent && !parent->executables.empty()) {
        child.executables.push_back(parent->executables.back());
      }
      all.push_back(std::move(child));
    } else if (const auto* exit = std::get_if<ProcessExitEvent>(&event.body)) {
      ProcessRecord* process = find(exit->pid);
      if (!process) continue;
      process->end = number;
      process->status = exit->status;
    } else if (const auto* mark = std::get_if<MarkEvent>(&event.body)) {
      ProcessRecord* process = of_event ? find(*of_event) : nullptr;
      if (process && mark->kind == MarkEvent::Kind::assertion_failed)
        process->assertion_failed = true;
    }
    const auto& failure = trace.info().failure;
    if (failure && failure->event == number) {
      const auto failing = map.of(failure->tid);
      ProcessRecord* process = failing ? find(*failing) : nullptr;
      if (process) process->failed = true;
    }
  }
  return all;
}

}  // namespace ttrace
