#include "ticks/traced_thread.h"

#include <gtest/gtest.h>

#include <random>

#include "page_fault_child.h"

namespace ttrace {
namespace {

// A real thread under ptrace, real signals of a counter and real breakpoints; page faults stand in
// for branches. All children are copies of this process, so they have the same addresses.
class Traced : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = PageFaultChild::refusal(); !why.empty()) {
      GTEST_SKIP() << "skipped: no software events: " << why;
    }
  }
};

struct Followed {
  PageFaultChild child;
  HardwareCounter counter{kPageFaults, child.tid()};
  Memory memory{Pid(child.tid().value())};
  TracedThread thread{
      child.task(), memory, counter, {Resume::run, Resume::step, [this] { return child.wait(); }}};
};

TEST_F(Traced, StopsAtOverflowsBreakpointsAndTraps) {
  Followed run;
  EXPECT_EQ(run.thread.run(50, std::nullopt), Halt::overflow);
  EXPECT_EQ(run.thread.ticks(), 50u);
  const Address store(run.thread.registers().rip);

  // At the fault it stands before its store; that is passed, and met again in the next turn.
  EXPECT_EQ(run.thread.run(50, store), Halt::breakpoint);
  EXPECT_EQ(run.thread.registers().rip, store.value());
  EXPECT_EQ(run.thread.ticks(), 50u);
  EXPECT_EQ(run.thread.step(), Halt::stepped);
  EXPECT_NE(run.thread.registers().rip, store.value());
  EXPECT_EQ(run.thread.ticks(), 51u);

  // Without the breakpoint it is not met.
  EXPECT_EQ(run.thread.run(PageFaultChild::kPages, std::nullopt), Halt::elsewhere);
  EXPECT_EQ(run.thread.ticks(), PageFaultChild::kPages);
  EXPECT_EQ(WSTOPSIG(run.thread.status()), SIGTRAP);
}

TEST_F(Traced, PointsOfOneRunAreFoundInOthers) {
  std::vector<TickPoint> points;
  {
    Followed run;
    for (const std::uint64_t period : {1, 40, 3, 77, 120}) {
      ASSERT_EQ(run.thread.run(period, std::nullopt), Halt::overflow);
      ASSERT_EQ(settle(run.thread, 100), Settled::there);
      points.push_back({run.thread.ticks(), run.thread.registers()});
    }
  }
  for (const std::uint64_t skid : {1, 10, 1000}) {
    const Approach approach({skid, 1});
    Followed all;
    for (const TickPoint& point : points) {
      ASSERT_EQ(approach.reach(all.thread, point), Approach::End::reached);
      EXPECT_EQ(all.thread.ticks(), point.ticks);
      EXPECT_TRUE(same_place(all.thread.registers(), point.registers));
      Followed alone;
      ASSERT_EQ(approach.reach(alone.thread, point), Approach::End::reached);
      EXPECT_TRUE(same_place(alone.thread.registers(), point.registers));
    }
  }
}

// A thread whose counter is as late as a real one's: page faults come on time.
class Late : public CountedThread {
 public:
  Late(CountedThread& thread, std::uint64_t most_skid, unsigned seed)
      : thread_(thread), most_skid_(most_skid), random_(seed) {}
  std::uint64_t ticks() override { return thread_.ticks(); }
  GeneralRegisters registers() override { return thread_.registers(); }
  Halt step() override { return thread_.step(); }
  Halt run(std::uint64_t period, std::optional<Address> breakpoint) override {
    const std::uint64_t skid = std::uniform_int_distribution<std::uint64_t>(0, most_skid_)(random_);
    const Halt halt = thread_.run(period + skid, breakpoint);
    for (std::uint64_t i = skid % 3; halt == Halt::overflow && i > 0; --i) thread_.step();
    return halt;
  }

 private:
  CountedThread& thread_;
  std::uint64_t most_skid_;
  std::mt19937_64 random_;
};

TEST_F(Traced, PointsAreFoundOrErrorsWithACounterThatIsLate) {
  TickPoint point;
  {
    Followed run;
    ASSERT_EQ(run.thread.run(200, std::nullopt), Halt::overflow);
    ASSERT_EQ(settle(run.thread, 100), Settled::there);
    point = {run.thread.ticks(), run.thread.registers()};
  }
  unsigned late = 0;
  for (unsigned seed = 1; seed <= 40; ++seed) {
    const bool too_late = seed % 2 == 0;
    Followed run;
    Late thread(run.thread, too_late ? 40 : 18, seed);
    try {
      ASSERT_EQ(Approach({20, 1}).reach(thread, point), Approach::End::reached) << seed;
      EXPECT_EQ(run.thread.ticks(), point.ticks) << seed;
      EXPECT_TRUE(same_place(run.thread.registers(), point.registers)) << seed;
    } catch (const OverflowLate&) {
      EXPECT_TRUE(too_late) << seed;
      ++late;
    }
  }
  EXPECT_GT(late, 0u);
}

TEST_F(Traced, APointThatIsNotThereIsADivergence) {
  Followed recorded;
  ASSERT_EQ(recorded.thread.run(100, std::nullopt), Halt::overflow);
  TickPoint point{recorded.thread.ticks(), recorded.thread.registers()};
  point.registers.r15 ^= 0x5a5a;
  Followed run;
  EXPECT_THROW(Approach({10, 1}).reach(run.thread, point), Divergence);
  EXPECT_EQ(run.thread.ticks(), 101u);
}

TEST_F(Traced, AThreadThatIsKilledIsGone) {
  Followed run;
  ASSERT_EQ(kill(run.child.tid().value(), SIGKILL), 0);
  EXPECT_THROW(
      {
        for (int i = 0; i < 3; ++i) {
          if (run.thread.run(10, Address(0x1000)) == Halt::elsewhere)
            throw TaskGone(run.child.tid());
        }
      },
      TaskGone);
}

}  // namespace
}  // namespace ttrace
