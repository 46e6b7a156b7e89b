#include "record/session.h"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "tracee/gate.h"
#include "tracee/maps.h"
#include "tracee/time_trap.h"
#include "tracee/wake_timer.h"

namespace ttrace {
namespace {

UsageError exec_failure(const std::string& path, int error) {
  const std::string why = SystemError("cannot execute " + path, error).what();
  if (error == ENOENT) return UsageError(why + " (the interpreter that it names is missing)");
  if (error == ENOEXEC) return UsageError(why + " (a script needs a first line like #!/bin/sh)");
  return UsageError(why);
}

/// The CPUs that are left beside that of the recording.
cpu_set_t others(const CpuPin& pin) {
  cpu_set_t cpus = pin.original();
  if (pin.cpu() >= 0) CPU_CLR(std::size_t(pin.cpu()), &cpus);
  return cpus;
}

}  // namespace

RecordSession::RecordSession(const RecordOptions& options, const CpuPin& pin, RecordResult& result)
    : options_(options),
      may_use_(pin.original()),
      result_(result),
      events_(result.recording, others(pin)),
      cpuid_(options.cpuid != nullptr ? *options.cpuid : own_cpuid_),
      files_(result.recording, options.sites, options.ticks),
      scheduler_(options.seed, options.chaos, options.expected_ticks),
      disturbances_(options.seed, options.chaos),
      began_(monotonic_time()),
      clock_(began_) {}

RecordSession::~RecordSession() { kill_all(); }

void RecordSession::run(Launched& launched) {
  adopt(launched);
  const WakeTimer timer(AttemptClock::kBetweenLooks);
  const TimeTrap trap;
  begin();
  main_loop();
  finish();
}

void RecordSession::finish() {
  if (!ended_) end_early(EndEvent::Reason::exited);
  result_.duration_us = elapsed_us();
}

/// Takes over a child: from here on it ends with this object.
void RecordSession::adopt(Launched& launched) {
  standard_output_ = std::move(launched.standard_output);
  standard_error_ = std::move(launched.standard_error);
  result_.root = launched.pid;

  auto process = std::make_shared<RecordedProcess>();
  process->pid = launched.pid;
  process->actions = std::make_shared<SignalTable>(read_ignored_signals(process->pid));
  process->threads = 1;
  auto thread = std::make_unique<Thread>();
  thread->tid = Tid(launched.pid.value());
  thread->process = process;
  Thread& root = *(threads_[thread->tid] = std::move(thread));
  root.affinity = may_use_;
  current_ = root.tid;
  program_ = launched.path;
}

/// Lets the first thread, which stands at the entry of its first execve, execute the program.
void RecordSession::begin() {
  Thread& root = *find(current_);
  root.task().resume(Resume::to_syscall);
  const StopStatus stop = understand(wait_for_stop(root.tid));
  if (stop.kind != StopStatus::Kind::event || stop.value != PTRACE_EVENT_EXEC) {
    const int error = stop.kind == StopStatus::Kind::syscall
                          ? int(-std::int64_t(root.task().registers().rax))
                          : ENOEXEC;
    throw exec_failure(program_, error);
  }
  on_exec(root);
}

void RecordSession::main_loop() {
  // The clock is looked at now and then here, and whenever the timer interrupts a wait.
  constexpr std::uint64_t kStepsBetweenLooks = 64;
  for (std::uint64_t steps = 0; !threads_.empty() && !ended_ && !holds(); ++steps) {
    if (steps % kStepsBetweenLooks == 0) check_limits(nullptr);
    if (ended_) break;
    if (!early_stops_.empty()) check_orphans();
    if (!held_back_ends_.empty()) let_ends_happen();
    Thread* thread = choose();
    if (thread == nullptr) {
      take_one_stop(true);
    } else {
      step(*thread);
    }
  }
}

/// Handles the stops that were held back, unless a thread is still in the middle of user code.
void RecordSession::let_ends_happen() {
  Thread* const current = find(current_);
  if (current != nullptr && current->state == Thread::State::ready &&
      current->place == Thread::Place::user) {
    return stop_soon(*current);
  }
  for (const auto& [tid, status] : std::exchange(held_back_ends_, {})) note_stop(tid, status);
}

/// A child has stopped whose parent cannot tell any more that it is its child.
void RecordSession::check_orphans() const {
  for (const auto& [tid, thread] : threads_) {
    const bool may_tell = thread->row != nullptr && thread->row->handling == Handling::new_task &&
                          thread->place == Thread::Place::in_call;
    if (may_tell) return;
  }
  throw NotRecordable("a process that was killed while it made another");
}

/// The thread that runs next, or null if all wait in the kernel or one is on its way out.
RecordSession::Thread* RecordSession::choose() {
  if (want_switch_) collect_woken();
  settle_waiters();
  std::vector<Tid> ready;
  Thread* current = nullptr;
  for (const auto& [tid, thread] : threads_) {
    if (thread->state == Thread::State::dying) return nullptr;
    if (thread->state != Thread::State::ready || thread->attached_by != Tid()) continue;
    if (tid == current_) {
      current = thread.get();
    } else {
      ready.push_back(tid);
    }
  }
  const bool leave = std::exchange(want_switch_, false);
  if (current != nullptr && (!leave || ready.empty())) return current;
  if (ready.empty()) return nullptr;
  Thread* next = find(scheduler_.next(ready, current != nullptr ? current_ : Tid()));
  if (next == current) return current;
  if (current != nullptr && current->place == Thread::Place::entry) {
    write_enter(*current);
    note_held_mutexes(*current);
  }
  current_ = next->tid;
  return next;
}

/// A thread that the last call woke has to run a little, in the kernel, before it stops at the end
/// of its own call and counts as ready: let it, so that it can be chosen.
void RecordSession::collect_woken() {
  for (const auto& [tid, thread] : threads_) {
    if (thread->state != Thread::State::blocked) continue;
    sched_yield();
    while (take_one_stop(false)) {
    }
    return;
  }
}

/// A place where another thread may go on instead.
void RecordSession::consider_switch(Thread& thread, Scheduler::CallPlace place) {
  if (threads_.size() == 1) return;
  const SyscallRow* row = thread.row;
  const bool synchronises =
      row != nullptr && (row->blocking == Blocking::may || row->handling == Handling::new_task);
  const Scheduler::CallSite site{place, synchronises};
  if (scheduler_.leaves_at(thread.tid, site)) {
    const bool goes_on = place == Scheduler::CallPlace::exit && begin_walk(thread);
    if (!goes_on) want_switch_ = true;
  } else if (scheduler_.walks_from(site)) {
    begin_walk(thread);
  }
  RecordedSpace& space = *thread.process->space;
  const bool may_have_woken = synchronises && place != Scheduler::CallPlace::entry;
  if (scheduler_.renews_quantum(site) || (space.looks_around && may_have_woken)) {
    renew_quantum(thread);
  }
}

bool RecordSession::others_ready(const Thread& thread) const {
  for (const auto& [tid, other] : threads_) {
    if (other.get() != &thread && other->state == Thread::State::ready &&
        other->attached_by == Tid()) {
      return true;
    }
  }
  return false;
}

void RecordSession::step(Thread& thread) {
  const Tid tid = thread.tid;
  try {
    std::optional<int> status = std::exchange(thread.pending_status, {});
    if (!status) follow_counter(thread);
    if (!status && thread.accesses_left != 0) {
      status = walk(thread);
      if (!status && want_switch_) return;
    }
    if (!status && thread.counted.settles_after != 0) {
      status = go_to_point(thread);
      if (!status && want_switch_) return;
    }
    if (!status) {
      resume(thread);
      in_user_code_ = thread.place == Thread::Place::in_call ? Tid() : tid;
      status = wait_for(thread);
    }
    if (find(tid) != &thread || ended_) {
      in_user_code_ = Tid();
      return;
    }
    if (status) {
      handle(thread, *status);
    } else if (thread.state == Thread::State::ready && thread.place == Thread::Place::in_call) {
      thread.state = Thread::State::blocked;
      note_waiting(thread);
      write_enter(thread);
    }
    in_user_code_ = Tid();
  } catch (const TaskGone& gone) {
    in_user_code_ = Tid();
    // Killed in between; its end is reported by wait.
    if (Thread* victim = find(gone.tid())) victim->state = Thread::State::blocked;
  }
}

void RecordSession::resume(Thread& thread) {
  user_ms_at_resume_ = ~0ull;
  switch (thread.place) {
    case Thread::Place::entry:
      begin_call(thread);
      break;
    case Thread::Place::in_call:
      thread.task().resume(Resume::to_syscall);
      break;
    case Thread::Place::boundary:
    case Thread::Place::user:
      rejoin_split(thread);
      start_quantum(thread);
      set_agent(thread);
      thread.task().resume(counted(thread, Resume::run), std::exchange(thread.deliver, 0));
      break;
  }
}

/// Waits until `thread`, which was just resumed, stops; nullopt if it sleeps in the kernel while
/// another could run, or has ended. Stops of other threads are kept for their turn.
std::optional<int> RecordSession::wait_for(Thread& thread) {
  const Tid tid = thread.tid;
  const bool in_call = thread.place == Thread::Place::in_call;
  const bool may_block =
      in_call && !thread.undivided &&
      (thread.row->blocking == Blocking::may || thread.row->handling == Handling::new_task);
  // It ended, became a zombie, or its exec was handled while other stops were taken in. By the tid:
  // the object may be gone.
  const auto left_alone = [&] {
    return find(tid) != &thread || thread.state != Thread::State::ready ||
           (in_call && thread.place != Thread::Place::in_call);
  };
  int looks = 0;
  std::optional<AttemptClock::Time> looked;  // at the limits; at first, when that was thought of
  for (;;) {
    const bool poll = may_block && others_ready(thread);
    const bool got = take_one_stop(!poll);
    if (left_alone()) return {};
    if (thread.pending_status) return std::exchange(thread.pending_status, {});
    if (ended_) return {};
    if (got) {
      // The timer may never interrupt the wait for a thread that stops for more room again and
      // again.
      const auto now = monotonic_time();
      if (!looked) looked = now;
      if (now - *looked < AttemptClock::kBetweenLooks) continue;
      looked = now;
    }
    check_limits(&thread);
    if (ended_) return {};
    // A first thread that is killed may end without a stop, and is reported only after all others,
    // whose ends are held back while it seems to run.
    if (!held_back_ends_.empty() && read_activity(tid).state == 'Z') {
      thread.state = Thread::State::blocked;
      return {};
    }
    if (!in_call || thread.undivided || !others_ready(thread)) continue;
    // The supervisor shares the CPU with the thread: giving it up lets the call run to its end or
    // to its sleep.
    sched_yield();
    if (++looks % 2 != 0) continue;
    const char state = read_activity(tid).state;
    if (state != 'S' && state != 'D') continue;
    // It may have stopped just after a short sleep inside the call.
    take_one_stop(false);
    if (!left_alone() && thread.pending_status) return std::exchange(thread.pending_status, {});
    return {};
  }
}

/// Collects one stop of any tracee. False: none (not asked to block), or a timer woke us.
bool RecordSession::take_one_stop(bool block) {
  int status = 0;
  const pid_t pid = waitpid(-1, &status, __WALL | (block ? 0 : WNOHANG));
  if (pid > 0) {
    note_stop(Tid(pid), status);
    return true;
  }
  if (pid < 0 && errno == ECHILD) {
    threads_.clear();
    return false;
  }
  if (pid < 0 && errno != EINTR) throw_errno("waitpid");
  if (block) check_limits(nullptr);
  return false;
}

void RecordSession::note_stop(Tid tid, int status) {
  Thread* thread = find(tid);
  if (thread == nullptr) {
    if (held_ != nullptr && tid == held_->current_) return note_stop_of_held(status);
    early_stops_[tid] = status;
    return;
  }
  const StopStatus stop = understand(status);
  if (goes_on_counting(*thread, stop) || goes_on_in_agent(*thread, stop)) return;
  const bool urgent = stop.kind == StopStatus::Kind::exited ||
                      stop.kind == StopStatus::Kind::killed ||
                      (stop.kind == StopStatus::Kind::event &&
                       (stop.value == PTRACE_EVENT_EXIT || stop.value == PTRACE_EVENT_EXEC));
  const bool ends = stop.kind == StopStatus::Kind::event && stop.value == PTRACE_EVENT_EXIT;
  if (ends && in_user_code_ != Tid() && tid != in_user_code_) {
    held_back_ends_.emplace_back(tid, status);
    return;
  }
  if (urgent) {
    thread->pending_status.reset();
    try {
      handle(*thread, status);
    } catch (const TaskGone& gone) {
      if (Thread* victim = find(gone.tid())) victim->state = Thread::State::blocked;
    }
    return;
  }
  thread->pending_status = status;
  if (thread->state == Thread::State::blocked || thread->state == Thread::State::listening) {
    thread->state = Thread::State::ready;
  }
}

void RecordSession::handle(Thread& thread, int status) {
  const StopStatus stop = understand(status);
  const bool ran = thread.place == Thread::Place::user || thread.place == Thread::Place::boundary;
  if (ran && !come_out_of_agent(thread, stop)) return;
  if (ran && stop.kind != StopStatus::Kind::exited && stop.kind != StopStatus::Kind::killed) {
    note_ticks(thread);
    if (on_counted_stop(thread, stop)) return;
  }
  switch (stop.kind) {
    case StopStatus::Kind::exited:
    case StopStatus::Kind::killed:
      on_gone(thread, stop, status);
      return;
    case StopStatus::Kind::syscall:
      on_call_exit(thread);
      return;
    case StopStatus::Kind::signal:
      on_signal(thread, stop.value);
      return;
    case StopStatus::Kind::event:
      break;
  }
  switch (stop.value) {
    case PTRACE_EVENT_SECCOMP:
      on_call_entry(thread);
      return;
    case PTRACE_EVENT_FORK:
    case PTRACE_EVENT_VFORK:
    case PTRACE_EVENT_CLONE:
      on_new_task(thread, stop.value);
      return;
    case PTRACE_EVENT_EXEC:
      on_exec(thread);
      return;
    case PTRACE_EVENT_EXIT:
      on_exiting(thread);
      return;
    case PTRACE_EVENT_STOP:
      // A group-stop shows its signal; SIGTRAP means that it ended (ptrace(2), PTRACE_SEIZE).
      if (stop.signal == SIGSTOP || stop.signal == SIGTSTP || stop.signal == SIGTTIN ||
          stop.signal == SIGTTOU) {
        thread.task().resume(Resume::listen);
        thread.state = Thread::State::listening;
      }
      return;
    default:
      throw Error("unexpected ptrace event " + std::to_string(stop.value));
  }
}

void RecordSession::kill_all() {
  for (const auto& [tid, thread] : threads_) kill(thread->process->pid.value(), SIGKILL);
  for (const auto& [tid, status] : early_stops_) kill(tid.value(), SIGKILL);
  // A tracee that stands at its PTRACE_EVENT_EXIT is killed already: nothing but this wakes it.
  for (const auto& [tid, status] : held_back_ends_) {
    ptrace(PTRACE_CONT, tid.value(), nullptr, nullptr);
  }
  if (held_ != nullptr || holds_at_case_) return reap_own();
  // Killed tracees still stop at PTRACE_EVENT_EXIT; a child forked at the last moment is new to us.
  // Only tracees are waited for: each is reported until it is gone.
  for (;;) {
    int status = 0;
    const pid_t pid = waitpid(-1, &status, __WALL);
    if (pid < 0 && errno == EINTR) continue;
    if (pid < 0) break;
    if (WIFSTOPPED(status)) {
      kill(pid, SIGKILL);
      ptrace(PTRACE_CONT, pid, nullptr, nullptr);
    }
  }
  threads_.clear();
}

EventNumber RecordSession::append(Thread& thread, EventBody body) {
  Event event;
  event.tid = thread.tid;
  event.ticks = take_ticks(thread);
  event.time_us = elapsed_us();
  event.body = std::move(body);
  return events_.recording().append(event);
}

/// An event of the thread is about to be appended: the user progress that it stands for.
Ticks RecordSession::take_ticks(Thread& thread) {
  // Something came before the instruction that it left at.
  thread.split.reset();
  thread.preempted = false;
  thread.left_at_access = false;
  result_.ticks += thread.ticks;
  return Ticks(std::exchange(thread.ticks, 0));
}

std::uint64_t RecordSession::elapsed_us() const {
  const auto elapsed = monotonic_time() - began_;
  return std::uint64_t(std::chrono::duration_cast<std::chrono::microseconds>(elapsed).count());
}

RecordSession::Thread* RecordSession::find(Tid tid) {
  const auto found = threads_.find(tid);
  return found == threads_.end() ? nullptr : found->second.get();
}

void RecordSession::warn(const std::string& line) {
  for (const std::string& known : result_.warnings) {
    if (known == line) return;
  }
  result_.warnings.push_back(line);
}

}  // namespace ttrace
