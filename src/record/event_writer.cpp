#include "record/event_writer.h"

#include <pthread.h>
#include <signal.h>

#include <utility>

#include "tracee/time_trap.h"

namespace ttrace {
namespace {

/// Waking the thread costs as much as some hundred events.
constexpr std::size_t kWorthwhile = 32 << 10;

/// So many that neither side waits for the other to wake up.
constexpr std::size_t kMostWaiting = 8;
/// As many as its thread is woken for: that costs the other one 20 us where the CPU has gone to
/// sleep, in a virtual machine.
constexpr std::size_t kWorthWaking = 4;

}  // namespace

EventWriter::EventWriter(Recording& recording, const cpu_set_t& cpus)
    : recording_(recording), cpus_(cpus) {
  buffers_.reserve(kMostWaiting + 2);  // all that there ever are
}

EventWriter::~EventWriter() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

/// Starts it if it does not run yet.
bool EventWriter::has_thread() {
  if (thread_.joinable()) return true;
  if (!std::exchange(may_have_thread_, false) || CPU_COUNT(&cpus_) == 0) return false;
  // Signals are for those who wait for the tracees.
  sigset_t all;
  sigset_t former;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &former);
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::exception&) {
    // Under a limit (ulimit -u, -v): only slower.
  }
  pthread_sigmask(SIG_SETMASK, &former, nullptr);
  return thread_.joinable();
}

void EventWriter::run() {
  set_time_trap(false);  // inherited
  pthread_setaffinity_np(pthread_self(), sizeof cpus_, &cpus_);
  std::unique_lock lock(mutex_);
  for (;;) {
    if (waiting_.empty()) is_due_ = false;
    changed_.wait(lock, [this] { return ends_ || is_due_; });
    if (ends_) return;
    write_first(lock);
    changed_.notify_all();
  }
}

/// Of those that wait, by whoever is to write now.
void EventWriter::write_first(std::unique_lock<std::mutex>& lock) {
  const AgentRecords& records = waiting_.front();  // stays where it is
  lock.unlock();
  std::exception_ptr failure;
  try {
    append_events(records, recording_);
  } catch (...) {
    failure = std::current_exception();
  }
  lock.lock();
  buffers_.push_back(std::move(waiting_.front().buffer));
  waiting_.pop_front();
  if (failure) {
    failure_ = failure;
    waiting_.clear();
  }
}

/// Waits until no more than so many wait.
void EventWriter::finish(std::unique_lock<std::mutex>& lock, std::size_t most) {
  // Few are written here sooner than the thread has woken up.
  while (!is_due_ && waiting_.size() > most) write_first(lock);
  changed_.wait(lock, [&] { return waiting_.size() <= most; });
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void EventWriter::write(AgentRecords records) {
  if (records.size < kWorthwhile || !has_thread()) {
    append_events(records, recording());
    const std::lock_guard lock(mutex_);
    buffers_.push_back(std::move(records.buffer));
    return;
  }
  std::unique_lock lock(mutex_);
  finish(lock, kMostWaiting - 1);
  waiting_.push_back(std::move(records));
  if (waiting_.size() >= kWorthWaking) wake();
}

/// With the mutex locked.
void EventWriter::wake() {
  if (std::exchange(is_due_, true)) return;
  changed_.notify_all();
}

Recording& EventWriter::recording() {
  if (thread_.joinable()) {
    std::unique_lock lock(mutex_);
    finish(lock, 0);
  }
  return recording_;
}

std::unique_ptr<RecordsBuffer> EventWriter::buffer() {
  const std::lock_guard lock(mutex_);
  if (buffers_.empty()) return std::make_unique_for_overwrite<RecordsBuffer>();
  std::unique_ptr<RecordsBuffer> buffer = std::move(buffers_.back());
  buffers_.pop_back();
  return buffer;
}

}  // namespace ttrace
