#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/registers.h"
#include "replay/cpu_check.h"
#include "replay/position.h"
#include "replay/watch.h"
#include "ticks/tick_counter.h"
#include "trace/reader.h"

namespace ttrace {

class Diversion;
class Driving;

/// One thread at the replay's present position.
struct ReplayThread {
  Tid tid;
  Pid pid;
  std::string name;  ///< as prctl or exec named it
};

/// Why Replayer::run() came back.
struct ReplayStop {
  enum class Kind {
    event,        ///< the thread of the event asked for stands at it; it is not yet applied
    place,        ///< the place asked for
    paused,       ///< the time asked for is over; the place is an exact one
    breakpoint,   ///< the thread is about to execute the instruction at a breakpoint
    watchpoint,   ///< the thread has just accessed `watched`, or a system call wrote there
    stepped,      ///< the thread asked for has executed one instruction (or one event)
    call,         ///< the thread is about to make system call `call`; its event is not applied
    call_return,  ///< `call` has just returned
    signal,       ///< a SignalEvent of the watched process is next; it is not yet applied
    end,          ///< every event is applied but the last; nothing more will run
    interrupted,
  };
  Kind kind = Kind::end;
  Tid tid;  ///< the thread that stopped
  Address pc;
  int signal = 0;          ///< Kind::signal: its number
  WatchRange watched;      ///< Kind::watchpoint
  std::int64_t call = -1;  ///< Kind::call and Kind::call_return: its number
};

/// What run() is to stop for, besides the end.
struct ReplayLimits {
  /// Stop when this event is next and its thread has arrived at it.
  std::optional<EventNumber> before_event;
  /// Stop at this place, which is not at an event (see before_event) and not before the present
  /// one. The present one must be known if it has the same event and ticks.
  std::optional<Position> place;
  /// Stop at the first exact place after so much time. None: never.
  std::optional<std::chrono::milliseconds> pause_after;
  /// A breakpoint where the thread stands does not stop it: it is passed.
  bool pass = false;
  /// Stop after this thread has executed one instruction. Other threads run as recorded until it
  /// is its turn. A system call, an emulated instruction or the delivery of a signal counts as one.
  std::optional<Tid> step;
  /// Breakpoints and signals of this process stop; others run through. None: no process does.
  std::optional<Pid> process;
  /// Stop before signals of `process` (see Kind::signal). To go on, call run() again: a stop at a
  /// signal is not repeated for the same event.
  bool stop_at_signals = false;
  /// Stop at the begin and at the end of each system call of `process`, if `accepts` wants it.
  bool stop_at_calls = false;
  /// Asked about stops at breakpoints, watchpoints, signals and calls of `process`; false: go on.
  /// Null: yes.
  std::function<bool(const ReplayStop& stop)> accepts;
  /// Polled at every event and at least ten times a second. It then goes on to the next counted
  /// place, if that comes soon.
  const std::atomic<bool>* interrupt = nullptr;
  /// What the caller has set up for this run and others; null: run() does that for itself.
  const Driving* driving = nullptr;
};

/// Re-executes a trace. Every address space is rebuilt from the trace alone in a host process that
/// starts empty; one host thread serves all recorded threads of that address space, whose registers
/// are swapped in and out. System calls are not executed but their results applied, and at every
/// event what the thread did is compared with the recording: a difference throws Divergence, after
/// which the object can only be destroyed.
///
/// A position is (the number of the next event, the registers of every thread, memory). It moves
/// only in run(). Host processes end with this object, or with the process that owns it. Going
/// back is to go on with a copy that was made earlier (Timeline does).
class Replayer {
 public:
  /// Nothing runs yet: position() is 0. `trace` must outlive this object. Throws TraceError if the
  /// trace needs what `cpu` lacks, or a hardware counter where there is none. `counters`: what
  /// counts if it does; null: what this machine has.
  explicit Replayer(TraceReader& trace, const ReplayCpu& cpu = replay_cpu_here(),
                    std::shared_ptr<const TickCounters> counters = nullptr);
  ~Replayer();
  Replayer(const Replayer&) = delete;
  Replayer& operator=(const Replayer&) = delete;

  /// Called with what the recorded program wrote to its standard output (1) and error (2), as the
  /// replay passes it.
  void on_output(std::function<void(int stream, ByteView text)> sink);

  /// Whether stretches of system calls are replayed inside the host process, without a stop for
  /// each (docs/decisions/0013); so it is unless this says no. It makes no difference but in speed.
  void use_agent(bool yes);

  /// A copy at the same position, memory that processes share included: one fork per address space.
  /// It has neither breakpoints nor watchpoints nor a sink for output.
  std::unique_ptr<Replayer> fork() const;

  /// The event that is applied next.
  EventNumber position() const;
  bool at_end() const;
  /// Where it stands; none if the number of steps is not known: after a stretch of free running
  /// that ended otherwise than at a place that is counted.
  std::optional<Position> place() const;
  /// The ticks of place(), which are always known.
  std::uint64_t ticks() const;
  /// What distinguishes the running thread's places within one tick: its registers, and the memory
  /// that they point to.
  std::uint64_t fingerprint() const;
  /// Time that run() took since the begin of the recording, on the way that led here.
  std::chrono::microseconds elapsed() const;
  /// What a copy costs: host processes, and bytes of memory that only they have, roughly.
  std::size_t host_count() const;
  std::uint64_t own_memory() const;

  ReplayStop run(const ReplayLimits& limits);
  /// Where its host processes run; as long as there are none, where the caller runs.
  int cpu() const;

  // The program at the present position. Tids and pids are the recorded ones.

  /// Threads that exist, of one process or of all, in the order of their creation.
  std::vector<ReplayThread> threads(std::optional<Pid> process = {}) const;
  bool has_process(Pid pid) const;
  GeneralRegisters registers(Tid tid) const;
  /// XSAVE image (x87, SSE, AVX... as this CPU lays it out).
  Bytes vector_state(Tid tid) const;
  /// The thread is inside a system call that began before this position.
  bool in_system_call(Tid tid) const;

  /// Reads as much as is mapped, up to into.size(); returns the number of bytes. Shows what the
  /// program would see in a native run: neither breakpoints nor patches.
  std::size_t read_memory(Pid pid, Address at, std::span<std::byte> into) const;
  /// Mappings of a process, by address: names and backing as recorded.
  std::vector<Mapping> mappings(Pid pid) const;
  /// The path of the executable that the process runs.
  std::string executable(Pid pid) const;
  /// Index of a recorded object by the path that the program had it from.
  std::optional<std::uint32_t> object_by_path(const std::string& path) const;

  /// A digest of a process's memory and of its threads' registers as they are shown: equal at equal
  /// places. Huge anonymous mappings are left out.
  std::uint64_t process_digest(Pid pid) const;

  /// A breakpoint takes effect in the process as long as it has that program, also in text that is
  /// mapped later. False: nothing is mapped there now. Inserted twice, it is one.
  bool insert_breakpoint(Pid pid, Address at);
  void remove_breakpoint(Pid pid, Address at);
  bool has_breakpoint(Pid pid, Address at) const;

  /// Watches exactly these ranges of a process from now on: accesses of its threads, and what
  /// recorded system calls write, stop a run() that watches it. Watch::Kind::write stops only if
  /// the bytes have changed. Ended by its exec.
  void watch(Pid pid, const std::vector<WatchRange>& ranges);

  /// A copy of the process for what a debugger calls and writes; nothing here changes by it.
  std::unique_ptr<Diversion> divert(Pid pid) const;

 private:
  struct State;
  explicit Replayer(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace ttrace
