#include "ticks/stepped_counter.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ptrace.h>

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "ticks/traced_thread.h"
#include "tracee/probe_child.h"

namespace ttrace {
namespace {

bool counts(std::vector<unsigned> bytes) {
  Bytes code;
  for (const unsigned byte : bytes) code.push_back(std::byte(byte));
  return is_conditional_branch(code);
}

TEST(ConditionalBranch, IsEveryJumpThatMayNotBeTaken) {
  for (unsigned low = 0; low < 16; ++low) {
    EXPECT_TRUE(counts({0x70 + low, 0}));                  // jcc rel8
    EXPECT_TRUE(counts({0x0f, 0x80 + low, 0, 0, 0, 0}));   // jcc rel32
    EXPECT_FALSE(counts({0x0f, 0x40 + low, 0xc0}));        // cmovcc
    EXPECT_FALSE(counts({0x0f, 0x90 + low, 0xc0}));        // setcc
    EXPECT_FALSE(counts({0x40 + low, 0x0f, 0x90, 0xc0}));  // REX, setcc
  }
  EXPECT_TRUE(counts({0xe0, 0}) && counts({0xe1, 0}) && counts({0xe2, 0}) && counts({0xe3, 0}));
  EXPECT_TRUE(counts({0x67, 0xe3, 0}));        // jecxz
  EXPECT_TRUE(counts({0xf2, 0x0f, 0x84, 0}));  // bnd
  EXPECT_TRUE(counts({0x3e, 0x74, 0}));        // taken, as a hint
  EXPECT_FALSE(counts({0xeb, 0}) || counts({0xe9, 0, 0, 0, 0}) || counts({0xe8, 0, 0, 0, 0}));
  EXPECT_FALSE(counts({0xff, 0xe0}) || counts({0xc3}) || counts({0xe4, 0}));
  EXPECT_FALSE(counts({}) || counts({0x66}) || counts({0x0f}));
  EXPECT_FALSE(counts({0xb8, 0x74, 0, 0, 0}));  // it begins with something else
}

/// Between two traps: `turns` of a loop with two branches each, one of which is never taken.
int branch_between_traps(int go) {
  constexpr std::uint64_t kTurns = 100;
  char byte;
  if (read(go, &byte, 1) < 0) return 1;
  std::uint64_t turns = kTurns;
  asm volatile(
      "int3\n"
      "1: cmp $0, %0\n"
      "je 2f\n"
      "dec %0\n"
      "jnz 1b\n"
      "2: int3\n"
      : "+r"(turns)
      :
      : "cc", "memory");
  return 0;
}

constexpr std::uint64_t kBranches = 200;

/// A traced child at the first of its traps.
class Branching {
 public:
  Branching()
      : go_(make_pipe()), child_([this] {
          close(go_[1].release());
          return branch_between_traps(go_[0].value());
        }) {
    if (ptrace(PTRACE_SEIZE, child_.pid(), nullptr, PTRACE_O_EXITKILL) != 0) throw_errno("ptrace");
    go_[1].reset();
    while (WSTOPSIG(wait()) != SIGTRAP) task().resume(Resume::run);
  }
  Task task() const { return Task(Tid(child_.pid())); }
  int wait() const {
    int status = 0;
    while (waitpid(child_.pid(), &status, __WALL) < 0) {
      if (errno != EINTR) throw_errno("waitpid");
    }
    return status;
  }

 private:
  static std::array<Fd, 2> make_pipe() {
    std::array<int, 2> ends = {-1, -1};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw_errno("pipe");
    return {Fd(ends[0]), Fd(ends[1])};
  }
  std::array<Fd, 2> go_;
  ProbeChild child_;
};

struct Counting {
  explicit Counting(std::uint64_t seed, std::uint64_t skid = 16)
      : memory(Pid(child.task().tid().value())),
        counter(child.task(), memory, seed, skid),
        thread(child.task(), memory, counter,
               {Resume::run, Resume::step, [this] { return child.wait(); }}) {}
  Branching child;
  Memory memory;
  SteppedCounter counter;
  TracedThread thread;
};

TEST(SteppedCounter, CountsEveryConditionalBranchWhateverStopsIt) {
  Counting straight(1);
  EXPECT_EQ(straight.thread.run(10 * kBranches, std::nullopt), Halt::elsewhere);
  EXPECT_EQ(straight.counter.ticks(), kBranches);

  Counting stopped(2);
  const Address first(stopped.thread.registers().rip);
  int breakpoints = 0;
  for (;;) {
    const Halt halt = stopped.thread.run(7, first);
    if (halt == Halt::elsewhere) break;
    breakpoints += halt == Halt::breakpoint;
    if (halt == Halt::overflow) {
      EXPECT_EQ(stopped.thread.step(), Halt::stepped);
    }
  }
  EXPECT_GT(breakpoints, 10);
  EXPECT_EQ(stopped.counter.ticks(), kBranches);
}

TEST(SteppedCounter, IsLateByLessThanItsSkidAndByAllOfIt) {
  constexpr std::uint64_t kSkid = 4;
  std::map<std::uint64_t, int> late;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    Counting run(seed, kSkid);
    for (std::uint64_t period = 1; period < 20; ++period) {
      const std::uint64_t before = run.counter.ticks();
      if (run.thread.run(period, std::nullopt) != Halt::overflow) break;
      ++late[run.counter.ticks() - before - period];
    }
  }
  EXPECT_EQ(late.size(), kSkid);
  EXPECT_LT(late.rbegin()->first, kSkid);
}

TEST(SteppedCounter, LeadsOtherRunsToItsPoints) {
  std::vector<TickPoint> points;
  {
    Counting run(1);
    while (run.thread.run(20, std::nullopt) == Halt::overflow &&
           settle(run.thread, 100) == Settled::there) {
      points.push_back({run.counter.ticks(), run.thread.registers()});
    }
  }
  ASSERT_GT(points.size(), 3u);
  for (std::uint64_t seed = 2; seed < 5; ++seed) {
    Counting run(seed);
    for (const TickPoint& point : points) {
      ASSERT_EQ(Approach({16, 1}).reach(run.thread, point), Approach::End::reached);
      EXPECT_EQ(run.counter.ticks(), point.ticks);
    }
  }
}

}  // namespace
}  // namespace ttrace
