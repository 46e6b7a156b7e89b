#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "agent/abi.h"
#include "base/cpu_features.h"

namespace ttrace {

/// Who asks cpuid, and what for.
struct Asker {
  /// It chooses its lazy-binding trampoline by the answer.
  bool is_loader = false;
  /// It shall use nothing beyond x86-64-v2.
  bool portable = false;

  auto operator<=>(const Asker&) const = default;
};

struct CpuidQuestion {
  Asker asker;
  std::uint32_t leaf = 0;
  std::uint32_t subleaf = 0;

  auto operator<=>(const CpuidQuestion&) const = default;
};

/// What cpuid answered, by CPU: on a virtual machine executing it costs more than a stop. Features
/// whose use a replay could not repeat are hidden: RTM and HLE (aborts), RDPID (the CPU's number),
/// WAITPKG; from the loader also the size of the XSAVE state: then its trampoline uses FXSAVE,
/// whose image is the same on every CPU and has no in-use mask that depends on history. Intel SDM
/// volume 2, CPUID. Reusable from one recording to the next.
class CpuidAnswers {
 public:
  /// What the asker is told on the CPU that the caller is pinned to.
  const CpuidResult& get(CpuidQuestion question);

  /// What has been answered to askers of a recording there, for its agents; not more than they
  /// hold.
  std::vector<agent::CpuidAnswer> known(bool portable) const;

 private:
  std::map<std::pair<int, CpuidQuestion>, CpuidResult> known_;  // by CPU and question
};

/// The same as the agent's table has it.
agent::CpuidAnswer agent_answer(const CpuidQuestion& question, const CpuidResult& result);

}  // namespace ttrace
