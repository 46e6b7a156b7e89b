#pragma once

#include <sched.h>

namespace ttrace {

/// Pins the calling thread to one CPU of those it may use while it lives, and gives the others back
/// afterwards: supervisor and tracees share a CPU, because a stop that crosses CPUs costs ten times
/// as much (design.md, section 4). Children that are forked meanwhile stay pinned.
class CpuPin {
 public:
  /// To the CPU that the caller runs on now.
  CpuPin();
  /// To a CPU that another CpuPin chose.
  explicit CpuPin(int cpu);
  ~CpuPin();
  CpuPin(const CpuPin&) = delete;
  CpuPin& operator=(const CpuPin&) = delete;

  int cpu() const { return cpu_; }
  /// The CPUs that the caller may use without us.
  const cpu_set_t& original() const { return original_; }

 private:
  int cpu_;
  cpu_set_t original_;
};

}  // namespace ttrace
