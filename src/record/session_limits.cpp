#include "record/session.h"
#include "tracee/maps.h"
#include "tracee/time_trap.h"

// When a recording ends without its program having ended.

namespace ttrace {
namespace {

using namespace std::chrono_literals;

/// A thread that computes this long (its own time) while something waits for it has no progress
/// point: without ticks it cannot be interrupted at a place that a replay would find again.
constexpr std::uint64_t kMostComputingMs = 5'000;
/// At the attempt's time limit, computing this long while something waits means the same.
constexpr std::uint64_t kComputingMs = 500;
/// How long processes may outlive the first one before they are ended with the recording.
constexpr auto kAfterlife = 5s;

bool has_held(const RecordedThread& thread) {
  for (const HeldSignal& held : thread.held_signals) {
    if (!held.queued) return true;
  }
  return false;
}

}  // namespace

/// Ends the attempt if it ran too long or the user said so; also notices a thread that computes
/// without end while others wait. `running`: the thread that was resumed, if any.
void RecordSession::check_limits(Thread* running) {
  if (ended_) return;
  if (options_.interrupted != nullptr && options_.interrupted->load()) {
    end_early(EndEvent::Reason::interrupted);
    return;
  }
  std::optional<TaskActivity> activity;
  if (running != nullptr && running->place != Thread::Place::in_call) {
    activity = read_activity(running->tid);
  }
  // In its own code a thread is in state D while a page comes from the disk: a slow machine.
  clock_.look(monotonic_time(), !activity || activity->state != 'D');
  const auto now = clock_.counted();
  if (root_ended_ && now - *root_ended_ > kAfterlife) {
    warn("processes that outlived the program for " +
         std::to_string(std::chrono::seconds(kAfterlife).count()) + " s were ended");
    end_early(EndEvent::Reason::exited);
    return;
  }
  const bool late = options_.timeout.count() > 0 && now > options_.timeout;
  if (activity) {
    const bool awaited = others_ready(*running) || has_held(*running);
    if (user_ms_at_resume_ == ~0ull) user_ms_at_resume_ = activity->user_ms;
    const std::uint64_t computing = activity->user_ms - user_ms_at_resume_;
    if (awaited && computing >= (late ? kComputingMs : kMostComputingMs)) {
      throw NotRecordable("no progress point: thread " + std::to_string(running->tid.value()) +
                          " computed for " + std::to_string(computing) +
                          " ms without a system call while " +
                          (has_held(*running) ? "a signal" : "other threads") + " waited");
    }
    if (awaited && late) return;  // let the computing time decide
  }
  if (late) end_early(EndEvent::Reason::timed_out);
}

void RecordSession::end_early(EndEvent::Reason reason) {
  ended_ = true;
  result_.reason = reason;
  if (Thread* runs = find(in_user_code_)) take_last_records(*runs);
  // A replay shall show each thread where it really was: inside the call that it sleeps in.
  for (const auto& [tid, thread] : threads_) {
    const bool inside =
        thread->place == Thread::Place::in_call || thread->place == Thread::Place::entry;
    if (inside && thread->row != nullptr) write_enter(*thread);
  }
  Event event;
  event.tid = current_;
  event.time_us = elapsed_us();
  event.body = EndEvent{reason, result_.status};
  const EventNumber number = events_.recording().append(event);
  if (!root_ended_) {
    result_.exit_event = number;
    result_.exit_tid = current_;
  }
}

}  // namespace ttrace
