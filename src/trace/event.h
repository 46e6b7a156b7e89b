#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/registers.h"
#include "base/types.h"

namespace ttrace {

/// Memory that something other than user code wrote: a system call, a signal frame, the loader's
/// image. A replay writes the same bytes to the same place, in the address space of the event's
/// thread unless said otherwise.
struct MemoryWrite {
  Address at;
  Bytes data;
};

/// An instruction that the recorder replaced in the tracee's text (sites of rewrite/sites.h). A
/// replay writes `patched`; a debugger is shown `original`. Both have the same length.
struct Patch {
  Address at;
  Bytes original;
  Bytes patched;
};

/// A binary whose cycles are counted in software (rewrite/tick_plan.h): its text is that of a plan.
struct AppliedPlan {
  std::uint32_t plan = 0;      ///< object: the plan file
  std::uint32_t original = 0;  ///< object: the binary
  std::uint64_t bias = 0;      ///< added to linked addresses, modulo 2^64
};

/// A file whose contents a mapping shows: an index into the trace's object table (trace/objects.h)
/// and a byte offset in that object.
struct ObjectRef {
  std::uint32_t object = 0;
  std::uint64_t offset = 0;
};

/// A change of memory that several address spaces of the recording may show: of a file that was
/// mapped with MAP_SHARED, or of a System V segment. A replay keeps each of them once, by its
/// number, and maps that. What the program's own instructions store there is in no event.
struct SharedChange {
  struct Piece {
    std::uint64_t offset = 0;  ///< in the file
    Bytes data;
  };
  std::uint32_t number = 0;  ///< of the file or segment, in the order of their first mappings
  std::string name;          ///< its path; empty if it was said before
  std::uint64_t size = 0;    ///< of the file, after the change
  std::uint64_t from = 0;    ///< this part of the file was replaced: it is zero...
  std::uint64_t length = 0;
  std::vector<Piece> pieces;  ///< ... but for these, which lie in it
};

/// No more than this is mapped for a stack to grow into, whatever its limit says.
inline constexpr std::uint64_t kMostStackGrowth = 1ull << 36;

/// One line of a recorded address space.
struct Mapping {
  Address start;
  std::uint64_t length = 0;          ///< bytes, a multiple of the page size
  int protection = 0;                ///< PROT_*
  bool shared = false;               ///< MAP_SHARED
  bool grows_down = false;           ///< the main stack: mapped as far as it may grow
  std::string name;                  ///< path or "[stack]", as /proc/PID/maps showed it
  std::optional<ObjectRef> backing;  ///< none: anonymous, zero unless written
};

/// A thread executed a new program (or is the first of the recording). Its address space is
/// replaced by `mappings`, with `contents` written over them in order.
struct ExecEvent {
  Pid pid;
  std::string path;  ///< the executable, absolute
  std::vector<Mapping> mappings;
  std::vector<MemoryWrite> contents;  ///< the stack, tails of data pages
  std::vector<Patch> patches;
  std::vector<AppliedPlan> plans;  ///< their mappings are among `mappings`
  GeneralRegisters registers{};    ///< at the first instruction
};

/// What a thread asked for when it entered the kernel.
struct SyscallEntry {
  std::int32_t number = 0;
  std::array<std::uint64_t, 6> args{};
  Address rip;               ///< after the syscall instruction
  std::uint32_t digest = 0;  ///< digest_of(registers)
};

/// What the kernel answered.
struct SyscallExit {
  std::int64_t result = 0;           ///< rax: a value or -errno; -512..-516: to be restarted
  std::vector<MemoryWrite> writes;   ///< after the effects on the address space, if it has any
  std::optional<ObjectRef> backing;  ///< of a file mapping that it made
  std::vector<Patch> patches;        ///< of text that it mapped
  std::vector<Mapping> overlays;     ///< mapped over it by the recorder: plans
  std::vector<AppliedPlan> plans;
  /// All registers after it, where the call sets more than rax, rcx and r11 (rt_sigreturn).
  std::optional<GeneralRegisters> registers;
  Bytes vector_state;  ///< XSAVE image that goes with `registers`, else empty
  /// 1 or 2: its data went to what the recorded program had as standard output or error.
  std::uint8_t output_stream = 0;
  /// digest_of the bytes that a write passed on; 0 for any other call. A replay that would write
  /// something else has diverged, even if it makes the same call.
  std::uint32_t written_digest = 0;
  /// What it changed of shared memory otherwise than by `writes`, before them. A call that makes a
  /// mapping maps that file or segment.
  std::optional<SharedChange> shared;
};

/// A system call during which no other event happened.
struct SyscallEvent {
  SyscallEntry entry;
  SyscallExit exit;
};

/// A system call begins; other events follow before its end.
struct SyscallEnterEvent {
  SyscallEntry entry;
};

/// The end of a system call that a SyscallEnterEvent of the same thread began.
struct SyscallExitEvent {
  std::int32_t number = 0;
  SyscallExit exit;
};

/// The thread made another: between the enter and exit events of a clone, fork or vfork; where the
/// recorder copied the process (docs/decisions/0024), outside of any call.
struct NewTaskEvent {
  Tid child;
  Pid child_pid;                 ///< its thread group
  bool shares_memory = false;    ///< thread or vfork: the same address space
  std::uint64_t flags = 0;       ///< CLONE_*
  GeneralRegisters registers{};  ///< the child's, at its first instruction
  std::vector<MemoryWrite> parent_writes;
  std::vector<MemoryWrite> child_writes;
};

/// A signal reached the thread.
struct SignalEvent {
  enum class Action : std::uint8_t {
    ignored,  ///< nothing happened to user code
    handler,  ///< `registers`, `vector_state` and `frame` say how the handler begins
    fatal,    ///< the process ends; task_exit or process_exit follows
    stop,     ///< job control
  };
  int number = 0;
  Bytes info;  ///< siginfo_t, 128 bytes
  Action action = Action::ignored;
  bool synchronous = false;  ///< caused by the instruction at `registers_before.rip`
  GeneralRegisters registers_before{};
  std::optional<GeneralRegisters> registers;
  Bytes vector_state;
  std::vector<MemoryWrite> frame;
};

/// The thread was taken off the CPU in user code, at a counted place: `Event::ticks` after its last
/// event, it stands at the target of a branch.
struct SwitchEvent {
  Address at;  ///< the branch's target
};

/// The thread was taken off the CPU in user code, if its ticks are a hardware counter's
/// (TraceInfo::hardware_ticks): at the first place that is `Event::ticks` after its last event.
struct PointEvent {
  GeneralRegisters registers{};  ///< there
};

/// The thread was taken off the CPU at a place finer than a counted one: `steps` single steps after
/// its last event. A step counts if it moved the thread (see is_step()); those inside a stub do.
struct StepsEvent {
  std::uint64_t steps = 0;
  Address at;                ///< where it stands in the original program
  std::uint32_t digest = 0;  ///< digest_of(registers)
};

/// The thread is about to execute a read-modify-write instruction that is not locked, and whose
/// load happened when it was taken off the CPU there: memory gets back what was loaded then, for
/// just this instruction, which loses what others stored since. Real CPUs do the same.
struct SplitEvent {
  MemoryWrite loaded;
};

/// Whether a single step between these registers executed an instruction or one turn of a repeated
/// one. (A stop at the exit of a system call makes a step that executes nothing.)
inline bool is_step(const GeneralRegisters& before, const GeneralRegisters& after) {
  return before.rip != after.rip || before.rcx != after.rcx;
}

/// An instruction whose result is an input was executed by the recorder.
struct InstructionEvent {
  enum class Kind : std::uint8_t { rdtsc, rdtscp, cpuid, rdrand, rdseed };
  Kind kind = Kind::rdtsc;
  Address rip;              ///< of the instruction
  std::uint8_t length = 0;  ///< its length in the original text
  /// Registers it set: index in GeneralRegisters, value (rip excluded).
  std::vector<std::pair<std::uint8_t, std::uint64_t>> results;
};

/// What a test framework's listener said (include/ttrace/mark.h). Happens in place of a system
/// call; the call's result is 0.
struct MarkEvent {
  enum class Kind : std::uint8_t {
    free_text,         ///< text
    case_begin,        ///< text: the case's name; file and line of the test where known
    case_end,          ///< value: 1 passed, 0 failed, 2 skipped
    assertion_failed,  ///< file, line, text: the message; value: 1 fatal, 0 not
    assertion_passed,
    section_begin,
    section_end,
    skipped,  ///< file, line, text: the reason
  };
  Kind kind = Kind::free_text;
  std::int64_t value = 0;
  std::string file;
  std::int32_t line = 0;
  std::string text;
  SyscallEntry entry;
};

/// The thread is gone (a thread of a process that goes on).
struct TaskExitEvent {
  int status = 0;                   ///< as wait(2) gives it
  std::vector<MemoryWrite> writes;  ///< clear_child_tid, robust futexes
};

/// The whole process is gone.
struct ProcessExitEvent {
  Pid pid;
  int status = 0;  ///< as wait(2) gives it
};

/// The last event of every trace.
struct EndEvent {
  enum class Reason : std::uint8_t {
    exited,       ///< every process has ended
    timed_out,    ///< ended by the recorder: ran past its time (a hang)
    interrupted,  ///< ended by the user
  };
  Reason reason = Reason::exited;
  int status = 0;  ///< of the first process, if it exited
};

using EventBody =
    std::variant<ExecEvent, SyscallEvent, SyscallEnterEvent, SyscallExitEvent, NewTaskEvent,
                 SignalEvent, InstructionEvent, MarkEvent, TaskExitEvent, ProcessExitEvent,
                 EndEvent, SwitchEvent, StepsEvent, SplitEvent, PointEvent>;

/// One entry of a trace. Its number is its position.
struct Event {
  Tid tid;                    ///< the thread that it happened to
  Ticks ticks;                ///< user progress of that thread since its last event
  std::uint64_t time_us = 0;  ///< since the recording began
  EventBody body;
};

/// "syscall", "mark"...: the name that dump prints and a user greps for.
const char* kind_name(const EventBody& body);

/// Appends one event in the trace's encoding (docs/trace-format.md).
void encode(const Event& event, Bytes& out);

/// Reads one event. Throws TraceError on anything that encode() does not produce.
Event decode_event(ByteReader& in);

}  // namespace ttrace
