#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>

#include "record/session.h"
#include "syscalls/requests.h"
#include "tracee/maps.h"

// Futexes with priority inheritance: the one lock whose word the kernel writes while a thread waits
// for it. It marks the word when a thread begins to wait, and writes the next owner's number when
// the lock is handed over, or its owner has died. Others look at the word, so a replay needs to
// write it between the same events.

namespace ttrace {
namespace {

bool locks_with_inheritance(const SyscallView& call) {
  if (call.number != SYS_futex) return false;
  const std::uint32_t operation = request_of(call);
  constexpr std::uint32_t kLockPi2 = 13;  // FUTEX_LOCK_PI2
  return operation == FUTEX_LOCK_PI || operation == kLockPi2;
}

/// So often the CPU is given up for threads that were just woken.
constexpr int kMostLooks = 1000;

}  // namespace

/// The thread has gone to sleep. Its mark in the word becomes an event, as if the call had been
/// interrupted and begun anew: that is how a replay knows of it.
void RecordSession::note_waiting(Thread& thread) {
  if (!locks_with_inheritance(thread.call)) return;
  constexpr std::int64_t kBeginsAnew = -513;  // ERESTARTNOINTR, which the kernel uses here too
  SyscallExit exit;
  exit.result = kBeginsAnew;
  const Address at(thread.call.args[0]);
  Bytes word = thread.memory().read(at, sizeof(std::uint32_t));
  if (word.size() != sizeof(std::uint32_t)) return;
  exit.writes.push_back({at, std::move(word)});
  finish_call(thread, std::move(exit));
  thread.enter_written = false;
}

/// Before any thread runs on: those that were given such a lock have written its word in the
/// kernel, and the events that say so are written.
void RecordSession::settle_waiters() {
  std::vector<Tid> waiting;
  for (const auto& [tid, thread] : threads_) {
    // What it wrote as it died comes first.
    if (thread->state == Thread::State::dying) return;
    if (thread->place == Thread::Place::in_call && locks_with_inheritance(thread->call)) {
      waiting.push_back(tid);
    }
  }
  for (const Tid tid : waiting) {
    for (int i = 0; i < kMostLooks; ++i) {
      const Thread* thread = find(tid);
      if (thread == nullptr || thread->state != Thread::State::blocked) break;
      if (read_activity(tid).state != 'R') break;
      sched_yield();
      take_one_stop(false);
    }
  }
  // A stop may have come after the last look.
  if (!waiting.empty()) {
    while (take_one_stop(false)) {
    }
  }
  for (const Tid tid : waiting) {
    Thread* thread = find(tid);
    if (thread == nullptr || thread->state != Thread::State::ready || !thread->pending_status) {
      continue;
    }
    const int status = *std::exchange(thread->pending_status, {});
    try {
      handle(*thread, status);
    } catch (const TaskGone& gone) {
      if (Thread* victim = find(gone.tid())) victim->state = Thread::State::blocked;
    }
  }
}

}  // namespace ttrace
