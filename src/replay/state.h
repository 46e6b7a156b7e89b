#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>

#include "replay/model.h"
#include "replay/shared_memory.h"

namespace ttrace {

/// The machinery behind Replayer. An event is brought about in two steps: its thread *arrives* at
/// it by executing user code up to it (arrive()), then it is *applied* (apply()). Implemented in
/// run.cpp (arriving, breakpoints, steps), apply.cpp (events) and apply_calls.cpp (address spaces).
struct Replayer::State {
  explicit State(TraceReader& reader) : trace(reader) {}

  /// What became of an attempt to bring a thread to its event.
  enum class Outcome { arrived, breakpoint, stepped, interrupted };

  // run.cpp
  ReplayStop run(const ReplayLimits& limits);
  Outcome arrive(ReplayContext& thread, const Event& event, const ReplayLimits& limits);
  Outcome execute(ReplayContext& thread, const Event& event, const ReplayLimits& limits, bool step);
  void load(ReplayContext& thread);
  void rewind_interrupted_call(ReplayContext& thread);
  std::uint64_t set_counter(ReplaySpace& space, std::uint64_t ticks);
  std::optional<DueStop> due_stop(const ReplaySpace& space, const GeneralRegisters& regs) const;
  Outcome arrive_by_ticks(ReplayContext& thread, const Event& event, const DueStop& due);
  void check_steps(const ReplayContext& thread, const Event& event, const StepsEvent& steps) const;
  void check_ticks(const ReplayContext& thread, const Event& event) const;
  bool pass_breakpoint(ReplayContext& thread, const ReplayLimits& limits);
  void check_call(const ReplayContext& thread, const SyscallEntry& recorded) const;
  [[noreturn]] void diverge(const ReplayContext& thread, const std::string& what) const;

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

  /// Bytes of a recorded file; what cannot be read is left as it was.
  void read_object(std::uint32_t object, std::uint64_t offset, std::span<std::byte> into);

  ReplayContext& context(Tid tid);
  const ReplayContext& context(Tid tid) const;

  TraceReader& trace;
  std::uint64_t next = 0;                     ///< number of the event that is applied next
  bool arrived = false;                       ///< its thread stands at it
  std::optional<std::uint64_t> shown_signal;  ///< the event that a stop already announced
  std::map<Tid, std::unique_ptr<ReplayContext>> threads;
  std::vector<Tid> order;                                          ///< of creation
  std::map<std::uint32_t, Fd> objects;                             ///< opened so far
  std::map<std::uint32_t, std::shared_ptr<const TickPlan>> plans;  ///< likewise
  SharedMemory shared;
  std::function<void(int, ByteView)> output;
  int cpu = -1;  ///< where host processes and, while they run, this thread are pinned
};

}  // namespace ttrace
