#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>

#include "agent/abi.h"
#include "tracee/gate.h"
#include "tracee/probe_child.h"
#include "tracee/single_step.h"
#include "tracee/task.h"

// A thread may be stopped at any instruction of the agent. From each it must come out at one of the
// three INT3, or it would run on in the program with a signal that nobody delivers and calls that
// nobody records.

namespace ttrace {
namespace {

/// A traced child with the agent in it, and nothing else to do.
class AgentChild {
 public:
  AgentChild() : child_(stop_with_agent) {
    if (child_.error() != 0) throw SystemError("fork", child_.error());
    wait();
    memory_.write(kAgentCode, agent_code());
    at_start_ = task().registers();
  }

  Task task() const { return Task(Tid(child_.pid())); }

  StopStatus wait() const {
    int status = 0;
    if (waitpid(child_.pid(), &status, __WALL) < 0) throw_errno("waitpid");
    return understand(status);
  }

  /// As the stub at an instruction that is followed by `after` does it; `word`: none of a call.
  void enter(std::uint32_t entry, agent::InstructionWord word, std::uint64_t rax,
             std::uint64_t after, std::uint64_t used = 0) const {
    agent::Head head;
    head.instruction = word;
    head.reads_counter = 1;
    head.used = used;
    head.mode = agent::Mode::record;
    head.calls_left = 1;
    head.stub_rcx = kProgramRcx;
    memory_.write(kGateWritable, bytes_of(head));
    agent::CpuidTable table;
    table.count = 1;
    table.answers[0].leaf = kKnownLeaf;
    std::copy(std::begin(kAnswer), std::end(kAnswer), table.answers[0].registers);
    memory_.write(Address(agent::kCpuidAddress), bytes_of(table));
    GeneralRegisters regs = at_start_;
    regs.rip = entry;
    regs.rax = rax;
    regs.orig_rax = ~0ull;
    regs.rcx = after;
    task().set_registers(regs);
  }

  /// All that the agent's code changes on its way.
  struct State {
    GeneralRegisters regs{};
    agent::Head head;
    Bytes stack;
  };
  State state() const {
    State state{task().registers(), {}, memory_.read(kAgentData, kStackSize)};
    memory_.read_value(kGateWritable, state.head);
    return state;
  }
  void restore(const State& state) const {
    memory_.write(kGateWritable, bytes_of(state.head));
    memory_.write(kAgentData, state.stack);
    task().set_registers(state.regs);
  }

  void step() const {
    const Address from(task().registers().rip);
    task().resume(Resume::step);
    wait();
    GeneralRegisters regs = task().registers();
    hide_trap_flag(memory_, from, regs);
    task().set_registers(regs);
  }

  void set_flags(std::uint64_t flags) const {
    GeneralRegisters regs = task().registers();
    regs.eflags = flags;
    task().set_registers(regs);
  }
  void tell_to_leave() const { set(offsetof(agent::Head, leave), 1); }
  void make_room() const { set(offsetof(agent::Head, used), 0); }

  /// To the next stop, which is a SIGTRAP of an INT3: where that lies.
  std::uint64_t run_to_int3() const {
    task().resume(Resume::run);
    const StopStatus stop = wait();
    EXPECT_EQ(stop.kind, StopStatus::Kind::signal);
    EXPECT_EQ(stop.value, SIGTRAP);
    return task().registers().rip - 1;
  }

  std::uint64_t stack() const { return at_start_.rsp; }

  static constexpr std::uint64_t kProgramRcx = 0x1234;
  static constexpr std::uint32_t kKnownLeaf = 2;
  static constexpr std::uint32_t kAnswer[] = {11, 12, 13, 14};

 private:
  void set(std::size_t word, std::uint64_t value) const {
    memory_.write(kGateWritable + word, bytes_of(value));
  }

  static constexpr std::uint64_t kStackSize = agent::kStackTop - agent::kDataAddress;

  static int stop_with_agent() {
    const auto map = [](Address at, std::uint64_t size, int protection) {
      void* const where = reinterpret_cast<void*>(at.value());
      return mmap(where, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
                  0) == where;
    };
    const bool mapped = map(kGateWritable, kPageSize, PROT_READ | PROT_WRITE) &&
                        map(kAgentCode, agent::kCodeSize, PROT_READ | PROT_WRITE | PROT_EXEC) &&
                        map(kAgentData, agent::kDataSize, PROT_READ | PROT_WRITE);
    if (!mapped) return 1;
    ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    raise(SIGSTOP);
    return 0;
  }

  ProbeChild child_;
  Memory memory_{Pid(child_.pid())};
  GeneralRegisters at_start_{};
};

/// A call, or another instruction, and how it comes out of the agent.
struct Way {
  std::uint32_t entry;
  agent::InstructionWord word;
  std::uint64_t rax;
  std::uint32_t int3;
  std::optional<std::uint64_t> rax_then;  ///< none: nobody can tell
  std::uint64_t rcx_then;
  std::optional<std::uint64_t> flags_then = {};  ///< none: as they were
};

constexpr agent::InstructionWord kNoWord{};
constexpr agent::InstructionWord kCpuid{agent::InstructionKind::cpuid, 2, 0, 8};

constexpr std::uint64_t kAfter = 0x5000;
constexpr std::uint64_t kNoFlags = 0x202;  ///< those that are always set

constexpr Way without(std::uint64_t call) {
  return {agent::kEntry, kNoWord, call, agent::kLeftUndone, call, AgentChild::kProgramRcx};
}

/// `way` once the program's call was made; before it, and if it never is, `undone`. At first `used`
/// bytes of records are.
void comes_out_from_everywhere(const Way& way, const Way& undone, std::uint64_t used = 0,
                               std::uint64_t flags = kNoFlags) {
  const AgentChild child;
  child.enter(way.entry, way.word, way.rax, kAfter, used);
  child.set_flags(flags);
  unsigned steps = 0;
  bool is_made = false;
  for (AgentChild::State state = child.state(); agent::is_in_agent(state.regs.rip); ++steps) {
    SCOPED_TRACE("stopped after " + std::to_string(steps) + " instructions");
    is_made = is_made || state.regs.rip == agent::kAfterSystemCall;
    const Way& expected = is_made ? way : undone;
    child.tell_to_leave();
    GeneralRegisters regs = state.regs;
    regs.rip = agent::leaving(regs.rip);
    child.task().set_registers(regs);

    std::uint64_t int3 = child.run_to_int3();
    if (int3 == agent::kFull) int3 = child.run_to_int3();
    ASSERT_EQ(int3, expected.int3);
    regs = child.task().registers();
    EXPECT_EQ(regs.rsp, child.stack());
    EXPECT_EQ(regs.rax, expected.rax_then.value_or(regs.rax));
    EXPECT_EQ(regs.rcx, expected.rcx_then);
    EXPECT_EQ(regs.eflags, expected.flags_then.value_or(flags));

    child.restore(state);
    child.step();
    state = child.state();
  }
  EXPECT_GT(steps, 20u);
  // As nobody asked it to leave.
  const Way& expected = is_made ? way : undone;
  const AgentChild::State out = child.state();
  const bool is_call = expected.int3 == agent::kLeftDone;
  EXPECT_EQ(out.regs.rip, is_call ? kAfter : out.head.goes_on);
  EXPECT_EQ(out.regs.rsp, child.stack());
  EXPECT_EQ(out.regs.rcx, expected.rcx_then);
  EXPECT_EQ(out.regs.eflags, expected.flags_then.value_or(flags));
  EXPECT_EQ(is_call ? out.regs.r11 : flags, flags);  // as SYSCALL leaves it
}

TEST(AgentExit, FromEveryInstructionOfACall) {
  comes_out_from_everywhere(
      {agent::kEntry, kNoWord, SYS_getppid, agent::kLeftDone, std::uint64_t(getpid()), kAfter},
      without(SYS_getppid));
}

/// Each by itself, and all: the way out sets them without POPF, but for the last two.
TEST(AgentExit, WithTheFlagsOfTheProgram) {
  constexpr std::uint64_t kCarry = 1, kParity = 4, kAdjust = 0x10, kZero = 0x40, kSign = 0x80;
  constexpr std::uint64_t kDirection = 0x400, kOverflow = 0x800;
  constexpr std::uint64_t kStatus = kCarry | kParity | kAdjust | kZero | kSign | kOverflow;
  const Way way{agent::kEntry,           kNoWord, SYS_getppid, agent::kLeftDone,
                std::uint64_t(getpid()), kAfter};
  for (const std::uint64_t flags : {kCarry, kParity, kAdjust, kZero, kSign, kOverflow, kStatus,
                                    kStatus ^ kOverflow, kDirection, kDirection | kStatus}) {
    SCOPED_TRACE(flags);
    comes_out_from_everywhere(way, without(SYS_getppid), 0, kNoFlags | flags);
  }
}

TEST(AgentExit, FromEveryInstructionBeforeACall) {
  comes_out_from_everywhere(without(SYS_pause), without(SYS_pause));
}

TEST(AgentExit, FromEveryInstructionOfCpuid) {
  const Way way{agent::kInstructionEntry, kCpuid,
                AgentChild::kKnownLeaf,   agent::kLeftInstruction,
                AgentChild::kAnswer[0],   AgentChild::kAnswer[2]};
  comes_out_from_everywhere(way, way);
}

TEST(AgentExit, FromEveryInstructionBeforeCpuid) {
  constexpr std::uint64_t kUnknownLeaf = 7;
  const Way way{agent::kInstructionEntry, kCpuid,       kUnknownLeaf,
                agent::kLeftUndone,       kUnknownLeaf, AgentChild::kProgramRcx};
  comes_out_from_everywhere(way, way);
}

TEST(AgentExit, FromEveryInstructionOfReadsOfTheCounter) {
  constexpr agent::InstructionWord kRead{agent::InstructionKind::rdtsc, 2, 0, 8};
  const Way way{agent::kInstructionEntry, kRead, 0,
                agent::kLeftInstruction,  {},    AgentChild::kProgramRcx};
  comes_out_from_everywhere(way, way);
}

TEST(AgentExit, FromEveryInstructionOfRandomNumbers) {
  constexpr agent::InstructionWord kDraw{agent::InstructionKind::rdrand, 4, kRaxIndex, 8};
  const Way undone{agent::kInstructionEntry, kDraw, 0,
                   agent::kLeftUndone,       0,     AgentChild::kProgramRcx};
  Way way = undone;
  way.int3 = agent::kLeftInstruction;
  way.rax_then = {};
  way.flags_then = kNoFlags | 1;  // a value was available
  comes_out_from_everywhere(way, undone);
}

/// However long that is.
TEST(AgentExit, GoesOnBehindTheInstruction) {
  const AgentChild child;
  constexpr agent::InstructionWord kLong{agent::InstructionKind::cpuid, 5, 0, 8};
  child.enter(agent::kInstructionEntry, kLong, AgentChild::kKnownLeaf, kAfter);
  child.tell_to_leave();
  EXPECT_EQ(child.run_to_int3(), agent::kLeftInstruction);
  EXPECT_EQ(child.state().head.goes_on, kAfter - agent::kSyscallLength + 5);
}

TEST(AgentExit, FromEveryInstructionWithoutRoom) {
  comes_out_from_everywhere(without(SYS_getppid), without(SYS_getppid), agent::kRecordsSize - 8);
  const Way cpuid{agent::kInstructionEntry, kCpuid,
                  AgentChild::kKnownLeaf,   agent::kLeftUndone,
                  AgentChild::kKnownLeaf,   AgentChild::kProgramRcx};
  comes_out_from_everywhere(cpuid, cpuid, agent::kRecordsSize - 8);
}

TEST(AgentExit, GoesOnOnceThereIsRoom) {
  const AgentChild child;
  child.enter(agent::kInstructionEntry, kCpuid, AgentChild::kKnownLeaf, kAfter,
              agent::kRecordsSize - 8);
  ASSERT_EQ(child.run_to_int3(), agent::kFull);
  child.make_room();
  child.tell_to_leave();
  EXPECT_EQ(child.run_to_int3(), agent::kLeftInstruction);
  EXPECT_EQ(child.task().registers().rax, AgentChild::kAnswer[0]);
  EXPECT_EQ(child.state().head.used, sizeof(agent::Record));
}

}  // namespace
}  // namespace ttrace
