#include <sched.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/duplicate.h"
#include "record/copyable.h"
#include "record/session.h"
#include "tracee/gate.h"
#include "tracee/time_trap.h"
#include "tracee/wake_timer.h"

// A session that holds its program at the begin of a case, and the copies that go on from there
// (docs/decisions/0024): the program is forked, the session's own state copied.

namespace ttrace {
namespace {

RecordResult copy_of(const RecordResult& result) {
  RecordResult same;
  same.recording = result.recording.copy();
  same.reason = result.reason;
  same.root = result.root;
  same.marks = result.marks;
  same.deaths = result.deaths;
  same.output = result.output;
  same.warnings = result.warnings;
  same.writes_code = result.writes_code;
  same.ticks = result.ticks;
  same.contended_ticks = result.contended_ticks;
  same.hardware_ticks = result.hardware_ticks;
  return same;
}

/// Whether an interval timer of the process runs: a fork would not inherit it.
bool has_interval_timer(const Task& task, const Memory& memory) {
  for (const int which : {ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF}) {
    itimerval timer{};
    inject(task, InjectBy::syscall_stops, SYS_getitimer,
           {std::uint64_t(which), kGateTable.value(), 0, 0, 0, 0});
    memory.read_value(kGateTable, timer);
    if (timer.it_value.tv_sec != 0 || timer.it_value.tv_usec != 0) return true;
  }
  return false;
}

/// Processes that this thread traces and is not the parent of: held programs are its children, what
/// their copies forked is not.
std::set<pid_t> foster_tracees() {
  std::set<pid_t> found;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    const pid_t pid = std::atoi(entry.path().filename().c_str());
    if (pid == 0) continue;
    std::ifstream fields(entry.path() / "status");
    bool is_traced = false;
    bool is_child = false;
    for (std::string name, value; fields >> name && std::getline(fields, value);) {
      if (name == "TracerPid:") is_traced = std::atoi(value.c_str()) == gettid();
      if (name == "PPid:") is_child = std::atoi(value.c_str()) == getpid();
    }
    if (is_traced && !is_child) found.insert(pid);
  }
  return found;
}

/// Not only a zombie of somebody else's.
bool is_to_be_reaped(pid_t pid) {
  siginfo_t info{};
  constexpr int kAny = WEXITED | WSTOPPED | WNOHANG | WNOWAIT | __WALL;
  return waitid(P_PID, id_t(pid), &info, kAny) == 0 || errno != ECHILD;
}

}  // namespace

RecordSession::RecordSession(RecordSession& held, const RecordOptions& options,
                             RecordResult& result)
    : options_(options),
      may_use_(held.may_use_),
      result_(result),
      events_(result.recording, held.events_.cpus()),
      own_cpuid_(held.own_cpuid_),
      cpuid_(options.cpuid != nullptr ? *options.cpuid : own_cpuid_),
      files_(held.files_, result.recording),
      shared_files_(held.shared_files_.copy()),
      scheduler_(options.seed, options.chaos, options.expected_ticks),
      disturbances_(options.seed, options.chaos),
      measured_streams_(held.measured_streams_),
      began_(monotonic_time() - std::chrono::microseconds(held.result_.duration_us)),
      clock_(monotonic_time()),
      writes_memory_files_(held.writes_memory_files_),
      program_(held.program_),
      has_written_(held.has_written_),
      standard_output_(duplicate(held.standard_output_)),
      standard_error_(duplicate(held.standard_error_)),
      collected_output_(held.collected_output_),
      next_cookie_(held.next_cookie_),
      held_(&held) {
  held.events_.recording();  // holds all events
  result_ = copy_of(held.result_);
}

bool RecordSession::hold_at_case(Launched& launched) {
  holds_at_case_ = true;
  adopt(launched);
  const WakeTimer timer(AttemptClock::kBetweenLooks);
  const TimeTrap trap;
  begin();
  given_files_ = open_files(result_.root);
  main_loop();
  if (!holds() || ended_) {
    finish();
    return false;
  }
  result_.duration_us = elapsed_us();
  return true;
}

void RecordSession::prepare_copies() {
  const Thread& thread = *threads_.at(current_);
  const RecordedProcess& process = *thread.process;
  std::optional<std::string> obstacle;
  for (const auto& [tid, other] : threads_) {
    if (other.get() == &thread) continue;
    const bool is_child = other->process != thread.process;
    obstacle = (is_child ? "child process " : "thread ") + std::to_string(tid.value());
  }
  if (!obstacle) obstacle = obstacle_to_copy(process.pid, given_files_);
  if (!obstacle && !thread.held_signals.empty()) obstacle = "a pending signal";
  if (!obstacle && has_interval_timer(thread.task(), thread.memory())) {
    obstacle = "a running interval timer";
  }
  if (!obstacle && events_.recording().spilled() != nullptr) {
    obstacle = "more recorded than --ttrace-memory holds";
  }
  if (obstacle) {
    throw NotRecordable("--ttrace-rerun=fork with " + *obstacle +
                        " at the case's begin; use --ttrace-rerun=process");
  }
  positions_ = file_positions(process.pid, given_files_);
}

bool RecordSession::run_copy() {
  const WakeTimer timer(AttemptClock::kBetweenLooks);
  const TimeTrap trap;
  try {
    fork_held();
  } catch (const TaskGone&) {
    return false;
  }
  main_loop();
  finish();
  return true;
}

/// Makes the held program fork as the C library does it, so that the child finds its own number
/// where the library keeps it. The event says no more than that: the parent never goes on.
void RecordSession::fork_held() {
  Thread* const held = held_->find(held_->current_);
  if (held == nullptr) throw TaskGone(held_->current_);
  Thread& parent = *held;
  const auto call = [](const Thread& thread, std::int64_t number,
                       const std::array<std::uint64_t, 6>& args) {
    return inject(thread.task(), InjectBy::syscall_stops, number, args);
  };
  call(parent, SYS_wait4, {~0ull, 0, WNOHANG | __WALL, 0, 0, 0});  // the copy before this one
  for (const FilePosition& position : held_->positions_) {
    call(parent, SYS_lseek,
         {std::uint64_t(position.descriptor), std::uint64_t(position.offset), SEEK_SET, 0, 0, 0});
  }
  CloneArguments args{SIGCHLD, {}, parent.clear_tid};
  if (parent.clear_tid != Address()) args.flags |= CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
  const std::int64_t made =
      call(parent, SYS_clone, {args.flags, 0, 0, args.child_tid.value(), 0, 0});
  if (made < 0) throw SystemError("cannot fork the program at the case's begin", int(-made));

  const Tid tid{pid_t(made)};
  const int status = first_stop_of(tid);
  Task(tid).set_registers(parent.task().registers());
  Task(tid).set_signal_mask(parent.task().signal_mask());
  add_task(parent, tid, args, status);
  Thread& child = *find(tid);
  child.robust_list = parent.robust_list;
  constexpr std::uint64_t kRobustHeadSize = 24;
  if (child.robust_list != Address()) {
    call(child, SYS_set_robust_list, {child.robust_list.value(), kRobustHeadSize, 0, 0, 0, 0});
  }
  current_ = tid;
  // What the parent said before was said for this child.
  for (SeenMark& seen : result_.marks) {
    if (seen.pid == result_.root) seen.pid = child.process->pid;
  }
  result_.root = child.process->pid;
}

/// Somebody killed the program that this session runs a copy of; the copy goes on.
void RecordSession::note_stop_of_held(int status) {
  if (WIFSTOPPED(status)) {
    ptrace(PTRACE_CONT, held_->current_.value(), nullptr, nullptr);
  } else {
    held_->threads_.clear();
  }
}

/// Reaps what this session killed, and nothing else: other sessions hold tracees that never end.
void RecordSession::reap_own() {
  std::set<pid_t> left;
  bool was_forking = false;
  for (const auto& [tid, thread] : threads_) {
    left.insert(thread->process->pid.value());
    was_forking =
        was_forking || (thread->row != nullptr && thread->row->handling == Handling::new_task &&
                        thread->place == Thread::Place::in_call);
    ptrace(PTRACE_CONT, tid.value(), nullptr, nullptr);  // it may stand at its PTRACE_EVENT_EXIT
  }
  for (const auto& [tid, status] : early_stops_) {
    if (WIFSTOPPED(status)) left.insert(tid.value());
    ptrace(PTRACE_CONT, tid.value(), nullptr, nullptr);
  }
  for (;;) {
    std::erase_if(left, [](pid_t pid) { return !is_to_be_reaped(pid); });
    if (left.empty() && was_forking) left = foster_tracees();
    if (left.empty()) break;
    int status = 0;
    const pid_t pid = waitpid(-1, &status, __WALL);
    if (pid < 0 && errno == EINTR) continue;
    if (pid < 0) break;
    if (WIFSTOPPED(status)) {
      kill(pid, SIGKILL);
      ptrace(PTRACE_CONT, pid, nullptr, nullptr);
    } else {
      left.erase(pid);
    }
  }
  threads_.clear();
}

}  // namespace ttrace
