#include <sched.h>

#include "record/robust_writes.h"
#include "record/session.h"

// Threads and processes that end.

namespace ttrace {

/// Before memory changes that is not the doing of the thread that ran last: what a thread did
/// before the call that it stands in comes before that in a replay too.
void RecordSession::write_enters() {
  for (const auto& [tid, thread] : threads_) {
    const bool in_call =
        thread->place == Thread::Place::entry || thread->place == Thread::Place::in_call;
    const bool alive =
        thread->state == Thread::State::ready || thread->state == Thread::State::blocked;
    if (in_call && alive) write_enter(*thread);
  }
}

/// A thread that is killed while it stands at the entry of a call ends without any stop: nobody can
/// tell then when the kernel gave up its mutexes.
void RecordSession::note_held_mutexes(Thread& thread) {
  const RecordedSpace& space = *thread.process->space;
  std::vector<MemoryWrite> writes;
  const bool is_seen = space.shares_memory || space.users > thread.process->threads;
  if (is_seen) add_robust_writes(thread.memory(), thread.tid, thread.robust_list, writes);
  thread.holds_shared_mutex = !writes.empty();
}

/// PTRACE_EVENT_EXIT: the thread's memory can still be read.
void RecordSession::on_exiting(Thread& thread) {
  RecordedProcess& process = *thread.process;
  const auto status = int(thread.task().event_message());
  const bool executing = is_executing(process);
  if ((status & 0x7f) != 0 && !executing) process.ending = true;  // killed: all its threads go
  if ((status & 0x7f) != 0 && !process.fatal_signal) save_shared_memory(thread);
  add_robust_writes(thread.memory(), thread.tid, thread.robust_list, thread.writes_at_exit);
  if (thread.clear_tid != Address() && process.space->users > 1) {
    thread.writes_at_exit.push_back({thread.clear_tid, Bytes(sizeof(pid_t))});
  }
  if (!thread.writes_at_exit.empty()) write_enters();
  thread.state = Thread::State::dying;
  const bool first = thread.tid.value() == process.pid.value();
  const bool outlived = first && !process.ending && !executing && process.threads > 1;
  thread.task().resume(Resume::run);
  if (!outlived) return;
  // A first thread whose process goes on is not reported before the last thread ends.
  while (read_activity(thread.tid).state != 'Z') sched_yield();
  thread.state = Thread::State::zombie;
  append(thread, TaskExitEvent{status, std::exchange(thread.writes_at_exit, {})});
}

void RecordSession::on_gone(Thread& thread, StopStatus status, int wait_status) {
  const bool without_stop =
      thread.state != Thread::State::dying && thread.state != Thread::State::zombie;
  if (thread.holds_shared_mutex && without_stop) {
    throw NotRecordable("a process killed at " + syscall_name(thread.call.number) +
                        " with a robust mutex that it shares");
  }
  const auto process = thread.process;
  RecordedSpace& space = *process->space;
  const bool first = thread.tid.value() == process->pid.value();
  // The end of the whole process says it for all its threads, unless somebody else sees what the
  // kernel wrote for this one.
  const bool seen = !thread.writes_at_exit.empty();
  if (seen || (!first && !process->ending)) {
    append(thread, TaskExitEvent{wait_status, std::exchange(thread.writes_at_exit, {})});
  }
  --process->threads;
  --space.users;
  release_scratch(thread);
  detach_all(thread.tid);
  if (first) {
    const EventNumber number = append(thread, ProcessExitEvent{process->pid, wait_status});
    if (status.kind == StopStatus::Kind::killed) {
      result_.deaths.push_back({process->fatal_signal.value_or(number),
                                process->fatal_signal ? process->ended_by : thread.tid,
                                process->pid, status.value});
    }
    if (process->pid == result_.root) {
      result_.status = wait_status;
      result_.exit_event = number;
      result_.exit_tid = process->ended_by.value() != 0 ? process->ended_by : thread.tid;
      root_ended_ = clock_.counted();
    }
    std::erase_if(threads_, [&](const auto& entry) { return entry.second->process == process; });
    return;
  }
  threads_.erase(thread.tid);
}

}  // namespace ttrace
