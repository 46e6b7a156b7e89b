#pragma once

#include <sched.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/abi.h"
#include "record/own_areas.h"
#include "record/program_filter.h"
#include "record/scratch_arena.h"
#include "record/signal_table.h"
#include "rewrite/active_plan.h"
#include "rewrite/sites.h"
#include "syscalls/table.h"
#include "ticks/tick_counter.h"
#include "trace/event.h"
#include "tracee/memory.h"
#include "tracee/task.h"

namespace ttrace {

/// Memory that calls write into until their exit event. Below where position-independent programs
/// are loaded: every sanitizer leaves that range to the program.
inline constexpr Address kScratchArea{0x552000000000};
inline constexpr std::uint64_t kMostScratch = 256 << 20;

/// How the agent reads the clock in a process (docs/decisions/0025).
struct ClockAccess {
  /// Lifting the trap takes some 50 us, a call of the kernel 0.3 us.
  static constexpr std::uint64_t kWorthwhile = 500;

  Address function;  ///< the vDSO's clock_gettime; 0: there is none that the agent may call
  /// Of clock_gettime in the agent, and of reads of the counter that stopped, since it was thought
  /// about last.
  std::uint64_t calls = 0;
  std::uint64_t worthwhile = kWorthwhile;  ///< it is thought about after so many calls
  bool opened = false;  ///< its threads read the time-stamp counter without a trap
  /// It is to be thought about now.
  bool is_due() const { return !opened && calls >= worthwhile; }
  /// Text of which every instruction that reads the counter is in `reads`: begin and end.
  std::map<Address, Address> known_text;
  std::map<Address, Site> reads;  ///< by address
};

/// What is known of an address space, and holds for the copy of it that a fork makes, too.
struct SpaceState {
  std::map<Address, Site> patched;   ///< by address of the int3
  std::set<Address> rooms;           ///< kept free for stubs
  std::vector<ActivePlan> plans;     ///< of its binaries
  std::uint64_t counter = 0;         ///< what the tick counter held when it was looked at last
  bool has_agent = false;            ///< it is mapped
  bool shares_descriptors = false;   ///< not all of its threads, and only they, have the same ones
  bool agent_runs = false;           ///< stubs go to the agent
  std::uint64_t agent_calls = 0;     ///< Head::calls_left
  bool agent_alone = false;          ///< they were drawn when there was no other thread
  std::uint64_t agent_mask = 0;      ///< Head::signal_mask
  agent::Waits agent_waits;          ///< Head::waits
  bool agent_reads_counter = false;  ///< Head::reads_counter
  ClockAccess clock;
  OwnAreas own_areas;
  std::vector<agent::CpuidAnswer> cpuid_answers;  ///< in the agent's table
  /// Text of the program and of libraries that are not the system's.
  std::vector<std::pair<Address, Address>> own_text;
  Address loader_start;  ///< text of the dynamic loader
  Address loader_end;
  bool shows_changed_files = false;  ///< maps a file that was written since
  bool shows_shared_files = false;   ///< maps a file with MAP_SHARED
  bool shares_memory = false;        ///< can write memory that other processes may see
  bool believes_hidden = false;      ///< PR_SET_DUMPABLE 0, which the kernel was not told
};

/// One recorded address space; shared by the threads of a process, and by vfork.
struct RecordedSpace : SpaceState {
  explicit RecordedSpace(Pid pid) : memory(pid) {}
  /// The copy of `parent` that a fork made for this process.
  RecordedSpace(Pid pid, const RecordedSpace& parent)
      : SpaceState(parent), memory(pid), scratch(parent.scratch.copy()) {}

  Memory memory;
  int users = 0;              ///< threads in it
  Tid counting;               ///< the thread that `counter` counts for
  bool looks_around = false;  ///< its quantum was drawn when no other thread was ready
  ScratchArena scratch;       ///< of size 0 where nobody else can see what a call writes
};

struct RecordedProcess {
  Pid pid;
  std::shared_ptr<RecordedSpace> space;
  std::shared_ptr<SignalTable> actions;
  int threads = 0;      ///< that have not ended
  bool ending = false;  ///< exit_group or a fatal signal: all threads go
  Tid ended_by;         ///< the thread that did it
  std::optional<EventNumber> fatal_signal;
};

/// Memory of the program's that scratch memory stands in for while a call runs.
struct Redirection {
  Bytes given;  ///< what was copied in; empty: nothing
  std::uint64_t length = 0;
  Address original;
  Address scratch;
};

/// A signal that arrived in user code, where no replay would find the place again. It is made
/// pending anew when the thread enters its next system call.
struct HeldSignal {
  siginfo_t info{};
  int cookie = 0;       ///< tells our re-sent copy from others
  bool queued = false;  ///< sent again, not yet delivered
};

/// A seccomp filter that the program installs by the call that it is in: in its memory lies a copy
/// that allows everything.
struct SoftenedFilter {
  Address at;
  std::vector<sock_filter> steps;  ///< what lay there; empty: nothing was changed
};

/// Arguments of clone and clone3 under one roof (clone(2)).
struct CloneArguments {
  std::uint64_t flags = 0;
  Address parent_tid;
  Address child_tid;
};

/// Where a thread stands in its quantum, if its ticks are a hardware counter's.
struct CountedProgress {
  std::unique_ptr<TickCounter> counter;  ///< of this thread; made when it first runs
  bool runs = false;                     ///< it was armed, and no stop was looked at since
  std::uint64_t quantum_left = 0;        ///< in ticks; 0: a new one is drawn
  std::uint64_t overflow_at = 0;         ///< ticks since it was armed; 0: no overflow
  std::uint64_t settles_after = 0;       ///< it is stepped to the place after so many ticks; 0: not
};

/// One recorded thread, between two stops.
struct RecordedThread {
  enum class State {
    ready,      ///< may be resumed, or has a stop to be handled
    blocked,    ///< sleeps in the kernel
    dying,      ///< past its PTRACE_EVENT_EXIT: nobody runs until it is gone
    zombie,     ///< a first thread whose process goes on without it
    listening,  ///< in a job-control stop
  };
  /// Where it stands when it is not running.
  enum class Place {
    user,      ///< somewhere in user code
    boundary,  ///< no instruction executed since `regs`: a signal may be delivered here
    entry,     ///< at the entry of `call`, which has not begun
    in_call,   ///< in the kernel, in `call`
  };

  Tid tid;
  std::shared_ptr<RecordedProcess> process;
  State state = State::ready;
  Place place = Place::boundary;
  std::optional<int> pending_status;  ///< a stop that came while another thread ran
  int deliver = 0;                    ///< signal to pass on with the next resume
  GeneralRegisters regs{};            ///< at the last stop

  // The system call that it is in (Place::entry, in_call).
  SyscallView call;
  const SyscallRow* row = nullptr;
  SyscallEntry entry;
  OutputNotes notes;
  std::optional<std::string> unknown_request;  ///< refused by this name, if the kernel knows it
  bool enter_written = false;
  bool undivided = false;      ///< nobody may run between the call's begin and its end
  bool begins_anew = false;    ///< the same call again, of which nothing was recorded
  bool made_private = false;   ///< it maps, as a copy, what the program meant to share
  bool disturbed = false;      ///< we interrupted its sleep
  bool rewritten = false;      ///< it runs with other arguments than the program gave
  KernelSigaction new_action;  ///< rt_sigaction: what it sets
  std::vector<Redirection> redirected;
  /// What restart_syscall (219) goes on with: the call whose pointers the kernel kept.
  std::optional<SyscallView> restarted;
  std::vector<Redirection> restarted_redirected;

  std::optional<Address> scratch;  ///< its piece of RecordedSpace::scratch
  std::uint64_t signal_mask = 0;
  bool counter_is_open = false;  ///< the time-stamp counter does not trap in it
  std::uint64_t ticks = 0;       ///< since its last event
  CountedProgress counted;
  /// It goes on to its so-manieth access to shared memory, step by step, and leaves there; 0: not.
  std::uint64_t accesses_left = 0;
  bool preempted = false;       ///< at a boundary in the middle of user code, not at a call's end
  bool left_at_access = false;  ///< it stands at one, which the next walk does not count again
  /// It left at an instruction that is to be split: what that loaded.
  std::optional<MemoryWrite> split;
  Address clear_tid;
  Address robust_list;
  bool holds_shared_mutex = false;  ///< a robust one, when it was left at the entry of a call
  std::vector<MemoryWrite> writes_at_exit;      ///< what the kernel writes when it ends
  cpu_set_t affinity{};                         ///< the CPUs that it believes it may use
  std::shared_ptr<const ProgramFilter> filter;  ///< of the program's own; null: none
  SoftenedFilter softened;
  Tid attached_by;  ///< a recorded thread has attached to it (ptrace): it stands still
  /// It was made with CLONE_UNTRACED: a sanitizer's helper, in which nobody looks for races.
  bool asked_untraced = false;
  bool attach_told = false;  ///< that thread has waited for it
  std::deque<HeldSignal> held_signals;

  Task task() const { return Task(tid); }
  const Memory& memory() const { return process->space->memory; }
};

}  // namespace ttrace
