#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>

#include "replay/model.h"
#include "replay/shared_memory.h"
#include "ticks/approach.h"

namespace ttrace {

class CountedHost;

/// No instruction of the original program begins there: the thread is on its way to the next one.
bool is_between(const ReplaySpace& space, std::uint64_t pc);

/// The machinery behind Replayer. An event is brought about in two steps: its thread *arrives* at
/// it by executing user code up to it (arrive()), then it is *applied* (apply()). Implemented in
/// run.cpp (arriving), step.cpp, execute.cpp and counted.cpp (user code), in_process.cpp (stretches
/// of calls that the agent replays), apply.cpp (events), apply_calls.cpp (address spaces) and
/// fork.cpp (copies).
struct Replayer::State {
  State(TraceReader& reader, XsaveLayout of_this_cpu)
      : trace(reader), layout(std::move(of_this_cpu)) {}

  // fork.cpp
  std::unique_ptr<State> fork() const;

  /// What became of an attempt to bring a thread to its event.
  enum class Outcome {
    arrived,
    breakpoint,
    watchpoint,  ///< `watch_hit` says which
    stepped,     ///< one instruction of the host, or (step_instruction) of the original program
    ticked,      ///< as many ticks as were asked for; the place is exact
    interrupted
  };
  /// How far execute() may go.
  struct Stretch {
    bool one_instruction = false;
    bool pass = false;        ///< the first instruction is executed under a breakpoint
    std::uint64_t ticks = 0;  ///< at most so many; 0: as many as come
    const std::atomic<bool>* interrupt = nullptr;
  };

  /// What understands the end of a stretch must know of it.
  struct Executed {
    GeneralRegisters before;
    Stretch stretch;
    bool asked_ticks = false;  ///< the counter was to end before the event
  };

  // run.cpp
  ReplayStop run(const ReplayLimits& limits);
  std::optional<ReplayStop> pass_event(ReplayLimits& limits);
  /// Asked for anew after whatever may have read ahead: its reference is then another's.
  const Event& next_event() { return trace.event(EventNumber(next)); }
  void begin_stretch();
  void apply_with_pages_open(const Event& event, const ReplayLimits& limits);
  Outcome arrive(ReplayContext& thread, const Event& event, const ReplayLimits& limits);
  Outcome go_on(ReplayContext& thread, const Event& event, const ReplayLimits& limits);
  Outcome settle(ReplayContext& thread, const Event& event);
  bool accepts(const ReplayLimits& limits, ReplayStop::Kind kind,
               const ReplayContext& thread) const;
  bool in_last_tick(const ReplayContext& thread, const ReplayLimits& limits) const;
  Outcome go_to_next_tick(ReplayContext& thread, const Event& event);
  void adapt_slice(std::chrono::nanoseconds took);
  bool is_at_instruction(const ReplayContext& thread, const Event& event,
                         bool whatever_lies_there) const;
  bool is_watch_hit_by_event(Pid pid);
  std::optional<ReplayStop> call_stop(ReplayStop::Kind kind, std::int64_t number,
                                      const ReplayContext* thread,
                                      const ReplayLimits& limits) const;
  bool at_place(const Event& event, const Position& place) const;
  bool pause_is_due(const ReplayLimits& limits) const;
  std::optional<Position> place() const;
  ReplaySpace* space_of(Pid pid) const;
  std::set<const ReplaySpace*> spaces() const;
  ReplayStop stop_of(ReplayStop::Kind kind, Tid tid, int signal = 0) const;

  // breakpoints.cpp
  bool insert_breakpoint(Pid pid, Address at);
  void insert_absent_breakpoints();

  // step.cpp
  Outcome step_instruction(ReplayContext& thread, const Event& event, bool pass);
  Outcome finish_repetition(ReplayContext& thread, const Event& event, Address next);
  Outcome watched_arrival(const WatchRange& hit);
  std::optional<Address> behind_repetition(const ReplayContext& thread) const;

  // in_process.cpp
  bool may_run_in_process(const ReplayContext& thread, const ReplayLimits& limits) const;
  std::optional<Outcome> run_in_process(ReplayContext& thread, const ReplayLimits& limits);
  bool give_record(const ReplayContext& thread, EventNumber number, std::uint64_t& sum);
  std::uint64_t give_records(ReplayContext& thread, const ReplayLimits& limits,
                             std::vector<std::uint64_t>& ticks);
  void turn_agent_off(ReplaySpace& space);

  // execute.cpp
  Outcome understand(ReplayContext& thread, const Event& event, const Executed& executed,
                     const StopStatus& stop);
  Outcome execute(ReplayContext& thread, const Event& event, const Stretch& stretch);
  Outcome understand_signal(ReplayContext& thread, const Event& event, const Executed& executed);
  std::optional<Outcome> understand_int3(ReplayContext& thread, const Event& event,
                                         const Executed& executed);
  std::optional<StopStatus> leave_stub(ReplaySpace& space);
  Outcome write_watched(ReplayContext& thread, const Event& event, const Executed& executed,
                        std::uint64_t ticks);
  void finish_transfer(ReplayContext& thread, const DueStop& due);
  bool is_watch_hit(ReplaySpace& space);
  void load(ReplayContext& thread);
  void rewind_interrupted_call(ReplayContext& thread);
  std::optional<DueStop> due_stop(const ReplaySpace& space, const GeneralRegisters& regs) const;
  Outcome arrive_by_ticks(ReplayContext& thread, const Event& event, const DueStop& due);
  void check_steps(const ReplayContext& thread, const Event& event, const StepsEvent& steps) const;
  void check_ticks(const ReplayContext& thread, const Event& event) const;
  void check_call(const ReplayContext& thread, const SyscallEntry& recorded) const;
  [[noreturn]] void diverge(const ReplayContext& thread, const std::string& what) const;

  // counted.cpp
  Outcome execute_counted(ReplayContext& thread, const Event& event, const Stretch& stretch);
  static Halt step_counted(CountedHost& host, const GeneralRegisters& before,
                           const Stretch& stretch);
  Halt run_counted(CountedHost& host, const ReplayContext& thread, const Event& event,
                   const Stretch& stretch);
  Outcome step_to_next_tick(ReplayContext& thread, const Event& event);
  bool is_at_point(const ReplayContext& thread, const Event& event) const;
  bool needs_steps(const ReplayContext& thread, const ReplayLimits& limits) const;

  // apply.cpp
  void apply(const Event& event);
  void apply_exec(Tid tid, const ExecEvent& exec);
  void apply_exit_of_call(ReplayContext& thread, const SyscallEntry& entry,
                          const SyscallExit& exit);
  void apply_new_task(ReplayContext& parent, const NewTaskEvent& made);
  void apply_signal(ReplayContext& thread, const SignalEvent& signal);
  void apply_task_exit(Tid tid);
  void write(ReplaySpace& space, const std::vector<MemoryWrite>& writes);
  bool write_memory(ReplaySpace& space, const MemoryWrite& write);
  void patch(ReplaySpace& space, const std::vector<Patch>& patches);
  std::shared_ptr<const TickPlan> open_plan(std::uint32_t object) const;
  void add_plans(ReplaySpace& space, const std::vector<AppliedPlan>& plans);
  void check_written(const ReplayContext& thread, const SyscallEntry& entry,
                     const SyscallExit& exit);

  // apply_foreign.cpp
  void write_other_process(ReplayContext& thread, const SyscallEntry& entry,
                           const SyscallExit& exit);

  // apply_calls.cpp
  void shape_address_space(ReplayContext& thread, const SyscallEntry& entry,
                           const SyscallExit& exit);
  void map(ReplaySpace& space, const Mapping& mapping);
  void map_growing(ReplaySpace& space, Mapping mapping);
  void map_shared(ReplaySpace& space, Mapping mapping, const SharedChange& shown,
                  std::uint64_t offset);
  void detach(ReplaySpace& space, Address at);
  void set_stack_limit(ReplaySpace& space, std::uint64_t limit);

  /// A recorded file, open for reading.
  const Fd& open_object(std::uint32_t object);
  /// Bytes of a recorded file; what cannot be read is left as it was.
  void read_object(std::uint32_t object, std::uint64_t offset, std::span<std::byte> into);

  ReplayContext& context(Tid tid);
  const ReplayContext& context(Tid tid) const;

  /// Vector registers as the recording has them, for this CPU.
  Bytes vector_state_here(const Bytes& recorded) const;

  TraceReader& trace;
  std::shared_ptr<const TickCounters> counters;  ///< null: ticks are in the text, or none
  bool uses_agent = true;
  Bytes records;                              ///< what the agent is given; kept for its room
  XsaveLayout layout;                         ///< of vector states here
  std::uint64_t next = 0;                     ///< number of the event that is applied next
  bool arrived = false;                       ///< its thread stands at it
  std::optional<std::uint64_t> shown_signal;  ///< the event that a stop already announced
  std::map<Tid, std::unique_ptr<ReplayContext>> threads;
  std::vector<Tid> order;  ///< of creation
  /// Asked for, whether something is mapped there or not. A program that is executed has none.
  std::map<Pid, std::set<Address>> breakpoints;
  /// Opened so far; copies of this object, whose hosts inherited them, have the same.
  std::shared_ptr<std::map<std::uint32_t, Fd>> objects =
      std::make_shared<std::map<std::uint32_t, Fd>>();
  std::map<std::uint32_t, std::shared_ptr<const TickPlan>> plans;  ///< likewise
  SharedMemory shared;
  std::optional<WatchRange> watch_hit;      ///< of the last Outcome::watchpoint
  std::optional<WatchRange> written_watch;  ///< what applying an event accessed
  std::chrono::nanoseconds elapsed{};       ///< spent in run()
  std::chrono::nanoseconds started{};       ///< when the present run() began
  std::uint64_t slice = 1 << 20;            ///< ticks between two looks at the clock
  std::function<void(int, ByteView)> output;
  int cpu = -1;  ///< where host processes and, while they run, this thread are pinned
};

}  // namespace ttrace
