#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "agent/abi.h"
#include "record/attempt_clock.h"
#include "record/copyable.h"
#include "record/disturbances.h"
#include "record/event_writer.h"
#include "record/launch.h"
#include "record/mapped_files.h"
#include "record/model.h"
#include "record/recorder.h"
#include "record/scheduler.h"
#include "record/shared_files.h"
#include "rewrite/step_site.h"
#include "tracee/cpu_pin.h"
#include "tracee/gate.h"

namespace ttrace {

/// One recording in progress: a stop comes in, is understood, becomes an event. At most one thread
/// executes user code at a time; which one is asked of the scheduler. The methods are grouped by
/// file: session.cpp (the loop), session_calls.cpp (system calls that run), session_answers.cpp
/// (those that do not), session_agent.cpp (calls that the agent made), session_areas.cpp
/// (memory that it may change), session_clock.cpp (how it reads the clock), session_disturb.cpp,
/// session_filters.cpp, session_memory_file.cpp, session_pi.cpp, session_ptrace.cpp,
/// session_scratch.cpp, session_output.cpp, session_shared.cpp (memory that processes share),
/// session_signals.cpp (signals and trapped instructions), session_snapshot.cpp (copies of a
/// session), session_status_file.cpp, session_ticks.cpp, session_walk.cpp (places finer than
/// counted ones), session_counted.cpp (ticks of a hardware counter), session_tasks.cpp (new
/// threads and processes), session_exec.cpp (new programs), session_ends.cpp (their ends),
/// session_text.cpp (what is changed in their text), session_limits.cpp (early ends).
class RecordSession {
 public:
  RecordSession(const RecordOptions& options, const CpuPin& pin, RecordResult& result);
  /// Goes on in a copy of the program that `held` holds (see hold_at_case()): a process that is
  /// forked from it, and chances of its own. `result` becomes what `held` recorded so far, and what
  /// the copy does. Both sessions must be run by the same thread, one at a time.
  RecordSession(RecordSession& held, const RecordOptions& options, RecordResult& result);
  /// Ends and reaps every tracee that is left.
  ~RecordSession();
  RecordSession(const RecordSession&) = delete;
  RecordSession& operator=(const RecordSession&) = delete;

  /// Runs a launched program, which outlives this object, to its end. Throws NotRecordable,
  /// UsageError (the exec failed).
  void run(Launched& launched);

  /// The same as far as the first case_begin mark of its first process, where it is held. False: it
  /// ended before.
  bool hold_at_case(Launched& launched);
  /// Of a session that holds its program, before any copy. Throws NotRecordable if a fork would not
  /// copy all of it.
  void prepare_copies();
  /// Of a copy, once: to its end. False: the held program is gone. Throws NotRecordable.
  bool run_copy();

 private:
  using Thread = RecordedThread;

  // session.cpp
  void adopt(Launched& launched);
  void finish();
  void begin();
  void main_loop();
  void let_ends_happen();
  void check_orphans() const;
  Thread* choose();
  void collect_woken();
  void consider_switch(Thread& thread, Scheduler::CallPlace place);
  void step(Thread& thread);
  void resume(Thread& thread);
  std::optional<int> wait_for(Thread& thread);
  bool take_one_stop(bool block);
  void note_stop(Tid tid, int status);
  void handle(Thread& thread, int status);
  void warn(const std::string& line);
  void check_limits(Thread* running);
  void end_early(EndEvent::Reason reason);
  void kill_all();
  EventNumber append(Thread& thread, EventBody body);
  Ticks take_ticks(Thread& thread);
  std::uint64_t elapsed_us() const;
  bool others_ready(const Thread& thread) const;
  Thread* find(Tid tid);

  // session_calls.cpp
  void on_call_entry(Thread& thread);
  void write_enter(Thread& thread);
  void begin_call(Thread& thread);
  void on_call_exit(Thread& thread);
  void refuse_by_context(const Thread& thread) const;
  void note_effects(Thread& thread, const SyscallView& call, SyscallExit& exit);
  void finish_call(Thread& thread, SyscallExit exit);
  MemoryPeek peek(const Thread& thread) const;
  static MemoryPeek peek_as_program(const Thread& thread);

  // session_answers.cpp
  bool answer_instead(Thread& thread);
  void skip_call(Thread& thread, std::int64_t result);
  void answer(Thread& thread, std::int64_t result, std::vector<MemoryWrite> writes = {});
  void answer_with(Thread& thread, SyscallExit exit);
  bool answer_dumpable(Thread& thread);
  bool answer_clock(Thread& thread);
  bool answer_captured_write(Thread& thread);
  void on_mark(Thread& thread);
  void answer_affinity(Thread& thread);

  // session_disturb.cpp
  void note_measured_stream(const Thread& thread);
  bool may_be_short(const Thread& thread) const;
  bool shorten(const Thread& thread, GeneralRegisters& regs);

  // session_filters.cpp
  void soften_filter(Thread& thread);
  void adopt_filter(Thread& thread);
  bool obey_filter(Thread& thread);
  void end_thread_by_filter(Thread& thread, std::uint16_t data);
  void raise_sigsys(Thread& thread, std::uint16_t data, bool fatal);

  // session_memory_file.cpp
  void note_memory_file(Thread& thread, const SyscallView& call, SyscallExit& exit);

  // session_status_file.cpp
  static void hide_tracer(const Thread& thread, const SyscallView& call, SyscallExit& exit);

  // session_pi.cpp
  void note_waiting(Thread& thread);
  void settle_waiters();

  // session_ptrace.cpp
  void answer_ptrace(Thread& thread);
  std::int64_t answer_attach(const Thread& thread, Thread* of, Tid tid) const;
  std::int64_t answer_attached(Thread& thread, Thread& of, std::vector<MemoryWrite>& writes);
  GeneralRegisters registers_shown(const Thread& thread) const;
  Bytes register_set_shown(Thread& thread, int kind);
  bool disturb(Thread& thread);
  bool answer_wait_for_attached(Thread& thread);
  void detach_all(Tid tracer);

  // session_scratch.cpp
  void make_scratch(Thread& thread);
  void release_scratch(Thread& thread);
  void redirect(Thread& thread, GeneralRegisters& regs);
  void move_results(Thread& thread, const std::vector<Redirection>& redirected, SyscallView& call,
                    SyscallExit& exit);
  void show_copies_originals(Thread& thread, const SyscallView& call,
                             std::vector<MemoryWrite>& writes);

  // session_output.cpp
  int stream_of(const Thread& thread, int descriptor) const;
  void note_output(Thread& thread, const SyscallView& call, SyscallExit& exit);
  void note_file_change(Thread& thread, const SyscallView& call, SyscallExit& exit);
  void note_dropped_pages(Thread& thread, const SyscallView& call, SyscallExit& exit);

  // session_shared.cpp
  bool note_shared_mapping(Thread& thread, const SyscallView& call, SyscallExit& exit);
  SharedFiles::File* enter_shared_file(Thread& thread, const SyscallView& call,
                                       const std::string& link, const struct stat& info);
  bool is_mapped_otherwise(const Thread& thread, const MapLine& own, Address start,
                           std::uint64_t length) const;
  bool is_shared_for_writing(const SharedFiles::File& file) const;
  void note_segment(Thread& thread, const SyscallView& call, SyscallExit& exit);
  void note_remap(const Thread& thread, const SyscallView& call, SyscallExit& exit);
  bool note_shared_change(const Thread& thread, const std::string& file, const SyscallView& call,
                          SyscallExit& exit);
  bool changes_shared_file(const Thread& thread);
  void share_memory(Thread& thread);
  void save_shared_memory(Thread& thread);
  bool is_private(const std::string& path) const;
  void make_private(Thread& thread);
  void note_private_copy(Thread& thread, const SyscallView& call, SyscallExit& exit);

  // session_signals.cpp
  void on_signal(Thread& thread, int signal);
  void hold(Thread& thread, const siginfo_t& info);
  bool delay(Thread& thread, const siginfo_t& info);
  bool emulate_instruction(Thread& thread, const siginfo_t& info);
  static bool forcing_changes(const Thread& thread, int signal);
  void repair_forced_signal(Thread& thread, int signal);
  void deliver(Thread& thread, const siginfo_t& info, bool synchronous);
  void enter_handler(Thread& thread, SignalEvent event);
  void requeue_held(Thread& thread);
  bool step_back_for_held(Thread& thread);
  bool begin_anew_after_ignored(Thread& thread);
  void step_back(Thread& thread);

  // session_ticks.cpp
  std::shared_ptr<const TickPlan> usable_plan(const RecordedSpace& space,
                                              const MappedFiles::File& file, const Mapping& text);
  bool apply_plan(Thread& thread, const std::shared_ptr<const TickPlan>& plan,
                  std::uint32_t original, const Mapping& text, std::uint64_t offset,
                  std::vector<Mapping>& overlays, std::vector<AppliedPlan>& applied);
  bool map_overlays(Thread& thread, int plan, const std::vector<Mapping>& overlays);
  void make_room(Thread& thread, const SyscallView& call, SyscallExit& exit);
  void set_counter(RecordedSpace& space, std::uint64_t ticks);
  void start_quantum(Thread& thread);
  void renew_quantum(Thread& thread);
  void note_ticks(Thread& thread);
  void stop_within(Thread& thread, std::uint64_t ticks);
  void stop_soon(Thread& thread) { stop_within(thread, 1); }
  bool on_due(Thread& thread);
  bool deliver_held(Thread& thread, Address at);
  bool leave_if_awaited(Thread& thread, EventBody event);

  // session_counted.cpp
  void begin_counting(Thread& thread);
  void arm_counter(Thread& thread);
  void note_counted(Thread& thread);
  static Resume counted(Thread& thread, Resume how);
  static bool goes_on_counting(Thread& thread, const StopStatus& stop);
  bool on_counted_stop(Thread& thread, const StopStatus& stop);
  void on_overflow(Thread& thread);
  void settle_within(Thread& thread, std::uint64_t ticks);
  std::optional<int> go_to_point(Thread& thread);
  void repair_after_steps(Thread& thread);

  // session_agent.cpp
  static void add_agent_mappings(std::vector<InjectedCall>& calls);
  static void take_agent(RecordedSpace& space, std::span<const InjectedCall> calls);
  bool wants_agent(const Thread& thread) const;
  void set_agent(Thread& thread);
  static void tell_signal_mask(Thread& thread);
  void tell_waits(const Thread& thread);
  void turn_agent_off(RecordedSpace& space);
  void tell_cpuid_answers(RecordedSpace& space) const;
  static void tell_cpuid_answer(RecordedSpace& space, const agent::CpuidAnswer& answer);
  InstructionEvent answer_cpuid(const Thread& thread, Address at, std::uint8_t length);
  static InstructionEvent answer_counter(RecordedSpace& space, InstructionEvent::Kind kind,
                                         Address at, std::uint8_t length);
  void forget_descriptors(Thread& thread);
  bool is_shown_in_memory(const struct stat& info);
  void forget_written();
  void tell_descriptor(const Thread& thread, const SyscallView& call);
  void take_records(Thread& thread, const agent::Head& head);
  bool come_out_of_agent(Thread& thread, const StopStatus& stop);
  void take_last_records(Thread& thread);
  bool goes_on_in_agent(Thread& thread, const StopStatus& stop);
  bool leave_agent(Thread& thread, const std::optional<siginfo_t>& info);

  // session_areas.cpp
  static void note_areas(Thread& thread, const SyscallView& call);

  // session_clock.cpp
  void note_text_change(Thread& thread);
  static void note_counter_reads(RecordedSpace& space, const SitePlan* plan, Address start,
                                 std::uint64_t length, std::uint64_t offset);
  static void forget_text(RecordedSpace& space, Address start, std::uint64_t length);
  bool may_write_text() const { return result_.writes_code || writes_memory_files_; }
  bool may_open_counter(const Thread& thread) const;
  void consider_opening_counter(const Thread& thread);
  void follow_counter(Thread& thread);

  // session_walk.cpp
  static bool is_observed(const Thread& thread);
  bool begin_walk(Thread& thread);
  std::optional<int> walk(Thread& thread);
  bool walks_at(const Thread& thread) const;
  void arrive(Thread& thread, std::uint64_t steps, const StepSite& site);
  void rejoin_split(Thread& thread);

  // session_snapshot.cpp
  bool holds() const { return holds_at_case_ && at_case_; }
  void fork_held();
  void note_stop_of_held(int status);
  void reap_own();

  // session_tasks.cpp
  int first_stop_of(Tid child);
  void add_task(Thread& parent, Tid tid, const CloneArguments& args, int status);
  static bool copies_memory(const Thread& thread);
  void on_new_task(Thread& thread, int event);

  // session_exec.cpp
  void note_writes_at_exec(Thread& thread);
  void on_exec(Thread& thread);
  ExecEvent image_of(Thread& thread);
  void make_gate(Thread& thread);
  bool map_behind_gate(Thread& thread, std::optional<std::uint64_t> clock_offset);
  bool is_executing(const RecordedProcess& process) const;

  // session_ends.cpp
  void write_enters();
  void note_held_mutexes(Thread& thread);
  void on_exiting(Thread& thread);
  void on_gone(Thread& thread, StopStatus status, int wait_status);

  // session_text.cpp
  void patch_or_plan(Thread& thread, const MappedFiles::File& file, const Mapping& text,
                     std::uint64_t offset, std::vector<Mapping>& overlays,
                     std::vector<AppliedPlan>& plans, std::vector<Patch>& patches);
  enum class Text { original, planned };
  void patch(RecordedSpace& space, const MappedFiles::File& file, Address start,
             std::uint64_t length, std::uint64_t offset, Text text, std::vector<Patch>& patches);
  void on_protection_change(Thread& thread, const SyscallView& call, SyscallExit& exit);
  void forget_patches(RecordedSpace& space, Address start, std::uint64_t length);

  const RecordOptions& options_;
  const cpu_set_t may_use_;  ///< the CPUs that the program is told of
  RecordResult& result_;
  EventWriter events_;  ///< of result_.recording, of which the rest is used as it is
  CpuidAnswers own_cpuid_;
  CpuidAnswers& cpuid_;
  MappedFiles files_;
  SharedFiles shared_files_;
  Scheduler scheduler_;
  Disturbances disturbances_;
  std::set<std::pair<dev_t, ino_t>> measured_streams_;  ///< see note_measured_stream()
  StepSiteDecoder step_sites_;
  std::chrono::nanoseconds began_;  ///< monotonic_time()
  AttemptClock clock_;
  std::optional<AttemptClock::Time> root_ended_;  ///< by clock_

  std::map<Tid, std::unique_ptr<Thread>> threads_;
  std::map<Tid, int> early_stops_;  ///< of children whose parent's event is yet to come
  /// Threads whose last stop came while another one ran: what the kernel writes for them must not
  /// appear in the middle of its user code.
  std::vector<std::pair<Tid, int>> held_back_ends_;
  Tid in_user_code_;  ///< executes user code now
  Tid current_;       ///< ran last
  bool want_switch_ = false;
  bool writes_memory_files_ = false;  ///< a /proc/PID/mem was opened for writing
  std::string program_;               ///< what was launched
  bool has_written_ = false;  ///< an agent may know a descriptor as agent::Descriptor::written
  Fd standard_output_;
  Fd standard_error_;
  std::uint64_t collected_output_ = 0;
  std::uint64_t user_ms_at_resume_ = 0;
  int next_cookie_ = 1;
  bool ended_ = false;            ///< the EndEvent is written
  bool counter_is_open_ = false;  ///< this thread, as the tracee that ran last (set_time_trap)
  bool holds_at_case_ = false;
  bool at_case_ = false;                 ///< the first process has just begun a case
  OpenFiles given_files_;                ///< of a held program, when it began
  std::vector<FilePosition> positions_;  ///< of a held program
  RecordSession* held_ = nullptr;        ///< this one runs a copy of its program
};

}  // namespace ttrace
