#pragma once

#include <atomic>
#include <optional>

#include "replay/model.h"
#include "ticks/approach.h"

namespace ttrace {

/// The host of an address space and its hardware counter, for an Approach; serves the thread whose
/// registers are loaded. Breakpoints are int3s, because the debug registers are a debugger's.
class CountedHost : public CountedThread {
 public:
  /// `ticks`: of that thread since its last event. `interrupt`: see HostProcess::run(). The space's
  /// counter exists.
  CountedHost(ReplaySpace& space, std::uint64_t ticks, const std::atomic<bool>* interrupt);

  std::uint64_t ticks() override { return before_ + space_.counter->ticks(); }
  GeneralRegisters registers() override { return space_.host->task().registers(); }
  Halt run(std::uint64_t period, std::optional<Address> breakpoint) override;
  Halt step() override;

  ReplaySpace& space() const { return space_; }
  /// The stop that was Halt::elsewhere; none: it was interrupted.
  const std::optional<StopStatus>& stop() const { return stop_; }

 private:
  Halt pass(Address breakpoint);
  Halt resume(std::uint64_t overflow_at, std::optional<Address> breakpoint);

  ReplaySpace& space_;
  std::uint64_t before_;
  const std::atomic<bool>* interrupt_;
  std::optional<StopStatus> stop_;
};

}  // namespace ttrace
