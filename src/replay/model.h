#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "replay/host.h"
#include "replay/mapping_table.h"
#include "replay/replayer.h"
#include "replay/watch.h"
#include "replay/watched_pages.h"
#include "rewrite/active_plan.h"
#include "ticks/tick_counter.h"

namespace ttrace {

/// One recorded address space in its host process.
struct ReplaySpace {
  /// Not more than what an interrupt of the user may wait for.
  static constexpr std::uint64_t kMostGiven = 4096;

  struct Breakpoint {
    int count = 0;
    std::byte covered{};  ///< what lies under the int3
  };

  std::unique_ptr<HostProcess> host;
  std::unique_ptr<TickCounter> counter;  ///< of the host; made when it first runs
  bool agent_runs = false;               ///< stubs go to the agent
  /// How many records the agent is given at once: fewer while threads come to calls and
  /// instructions without a stub.
  std::uint64_t most_given = kMostGiven;
  Tid loaded;  ///< the thread whose registers the host has
  MappingTable mappings;
  std::vector<ActivePlan> plans;         ///< of its binaries
  std::map<Address, std::byte> patched;  ///< original bytes of the recorder's int3s
  std::map<Address, Breakpoint> breakpoints;
  Watches watches;
  WatchedPages pages;  ///< of the watches that have no debug register
  bool insert_breakpoint(Address at);
  void remove_breakpoint(Address at);

  Address brk;  ///< as the recorded kernel last gave it; 0: not asked yet
};

struct ReplayProcess {
  Pid pid;
  std::string executable;
  std::shared_ptr<ReplaySpace> space;
};

/// A recorded thread as a register context.
struct ReplayContext {
  Tid tid;
  std::shared_ptr<ReplayProcess> process;
  std::string name;
  GeneralRegisters regs{};
  Bytes vector_state;       ///< valid while another thread is loaded
  std::uint64_t ticks = 0;  ///< since its last event
  std::uint64_t steps = 0;  ///< single steps since its last event (see is_step)
  /// Instructions of the original program since the last tick or event; none: it ran freely.
  std::optional<std::uint64_t> instructions = 0;
  std::optional<SyscallEntry> inside;  ///< the system call whose enter event was applied
  /// -512..-516: its last call was interrupted and begins anew unless a handler runs first.
  std::int64_t restart = 0;
};

/// A copy of its process, its memory without the breakpoints; watched by nobody.
std::shared_ptr<ReplaySpace> fork_space(const ReplaySpace& space);

/// As a debugger is shown them: in the original program, never in a stub.
inline GeneralRegisters shown_registers(const ReplayContext& thread) {
  return outside_stubs(thread.process->space->plans, thread.regs);
}

}  // namespace ttrace
