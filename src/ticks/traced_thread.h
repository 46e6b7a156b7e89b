#pragma once

#include <functional>

#include "ticks/approach.h"
#include "ticks/tick_counter.h"
#include "tracee/task.h"

namespace ttrace {

/// A traced thread and its counter, for an Approach. Uses the thread's first debug register, and
/// leaves it off. A signal of the counter may still be on its way afterwards: whoever resumes the
/// thread next swallows it (TickCounter::is_overflow()). Methods throw TaskGone if the thread
/// has ended.
class TracedThread : public CountedThread {
 public:
  /// How it goes on, and who waits: `wait` gives the status of the thread's next stop.
  struct Driver {
    Resume run = Resume::run;
    Resume step = Resume::step;
    std::function<int()> wait;
  };
  /// `counter` counts that thread; it and the thread's memory outlive this.
  TracedThread(Task task, const Memory& memory, TickCounter& counter, Driver driver);
  ~TracedThread() override;

  std::uint64_t ticks() override { return counter_.ticks(); }
  GeneralRegisters registers() override { return task_.registers(); }
  Halt run(std::uint64_t period, std::optional<Address> breakpoint) override;
  Halt step() override;

  /// Of the stop that was Halt::elsewhere: nobody has looked at it yet.
  int status() const { return status_; }

 private:
  void set_breakpoint(Address place);
  void clear_breakpoint();
  /// Resumes it until it stops for something else than an overflow that is not awaited.
  Halt resume(Resume how, std::uint64_t overflow_at);

  Task task_;
  const Memory& memory_;
  TickCounter& counter_;
  Driver driver_;
  int status_ = 0;
};

}  // namespace ttrace
