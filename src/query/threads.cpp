#include "query/threads.h"

#include <algorithm>

namespace ttrace {

ThreadHistory thread_history(TraceReader& trace) {
  ThreadHistory history;
  ProcessMap map;
  const auto find = [&](Tid tid) {
    auto& threads = history.threads;
    const auto found =
        std::find_if(threads.rbegin(), threads.rend(), [&](const auto& t) { return t.tid == tid; });
    return found == threads.rend() ? nullptr : &*found;
  };
  std::uint64_t before_us = 0;
  // The last event is that of the recording's end: nobody's.
  for (std::uint64_t i = 0; i + 1 < trace.event_count(); ++i) {
    const EventNumber number(i);
    const Event& event = trace.event(number);
    map.note(event);
    ThreadRecord* thread = find(event.tid);
    if (!thread) {
      history.threads.push_back({event.tid, map.of(event.tid).value_or(Pid()), number, number});
      thread = &history.threads.back();
    }
    thread->end = number;
    ++thread->events;
    thread->ticks += event.ticks.value();
    if (const auto* task = std::get_if<NewTaskEvent>(&event.body)) {
      history.threads.push_back({task->child, task->child_pid, number, number, 0, 0, event.tid});
    }
    if (history.turns.empty() || history.turns.back().tid != event.tid) {
      history.turns.push_back({event.tid, number, number, before_us, event.time_us});
    }
    history.turns.back().last = number;
    history.turns.back().end_us = event.time_us;
    before_us = event.time_us;
  }
  return history;
}

}  // namespace ttrace
