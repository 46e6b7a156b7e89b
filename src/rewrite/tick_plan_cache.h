#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "rewrite/tick_plan.h"

namespace ttrace {

/// Tick plans by content, kept on disk as DIRECTORY/KEY.ticks (KEY.calls: without counting) so that
/// an attempt maps what an earlier run computed. Safe when several processes fill it at once; what
/// is damaged, stale or does not fit its binary is made again; where nothing can be kept, a plan
/// lives in an unnamed file in memory.
class TickPlanCache {
 public:
  /// `directory` may be empty: then nothing is kept on disk.
  explicit TickPlanCache(std::string directory, PlanOptions options = {})
      : directory_(std::move(directory)), options_(options) {}

  /// What is known about one binary.
  struct Entry {
    std::shared_ptr<const TickPlan> plan;  ///< null: it runs without ticks
    std::string refusal;                   ///< why
  };

  /// The plan of the file behind `fd`. The same (device, inode, size, times) is looked up once per
  /// object lifetime, and verified then: the checksum of the plan, and that its text is the
  /// binary's but for what it says it changed. References stay valid as long as this object.
  const Entry& plan_of(int fd) { return plan_of(fd, true); }
  /// The same with nothing counted (PlanOptions::counts).
  const Entry& uncounted_plan_of(int fd) { return plan_of(fd, false); }

 private:
  using Identity = std::array<std::uint64_t, 7>;

  const Entry& plan_of(int fd, bool counts);
  Entry load_or_build(int fd, const Identity& identity, bool counts) const;

  std::string directory_;
  PlanOptions options_;
  std::map<std::pair<Identity, bool>, Entry> entries_;  // by file, and whether it counts
};

/// Whether a plan is of this planner and its text shows the binary's bytes outside of the modified
/// ranges.
bool fits(const TickPlan& plan, const ContentKey& key, int fd);

}  // namespace ttrace
