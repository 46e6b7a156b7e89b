#pragma once

#include <sched.h>

#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "record/agent_records.h"
#include "trace/recording.h"

namespace ttrace {

/// Makes events of what agents left, on a thread and a CPU of its own, while the program goes on.
/// That takes as long as the calls themselves. Few records, and all of them where there is no other
/// CPU, become events at once.
///
/// All methods are for one thread. What the other one throws (see append_events()) comes out of a
/// later write() or recording().
class EventWriter {
 public:
  /// `cpus`: where its thread may run. `recording` outlives it, and is for it alone until
  /// recording() is called, but for its objects.
  EventWriter(Recording& recording, const cpu_set_t& cpus);
  /// What is not written yet is dropped.
  ~EventWriter();
  EventWriter(const EventWriter&) = delete;
  EventWriter& operator=(const EventWriter&) = delete;

  /// Events of them come next.
  void write(AgentRecords records);
  /// Holds all events now, until the next write().
  Recording& recording();
  const cpu_set_t& cpus() const { return cpus_; }
  /// Perhaps one that was used before: a new one costs page faults.
  std::unique_ptr<RecordsBuffer> buffer();

 private:
  bool has_thread();
  void run();
  void finish(std::unique_lock<std::mutex>& lock, std::size_t most);
  void wake();
  void write_first(std::unique_lock<std::mutex>& lock);

  Recording& recording_;
  const cpu_set_t cpus_;

  std::thread thread_;
  bool may_have_thread_ = true;
  std::mutex mutex_;  ///< over all that follows
  std::condition_variable changed_;
  std::deque<AgentRecords> waiting_;  ///< the first one is being written
  std::vector<std::unique_ptr<RecordsBuffer>> buffers_;
  std::exception_ptr failure_;
  bool is_due_ = false;  ///< the thread is to write until nothing waits
  bool ends_ = false;
};

}  // namespace ttrace
