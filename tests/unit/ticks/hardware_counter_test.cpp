#include "ticks/hardware_counter.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "page_fault_child.h"
#include "ticks/counter_offer.h"

namespace ttrace {
namespace {

TEST(RefusalText, NamesTheCauseAndTheNextStep) {
  const struct {
    int error;
    std::optional<int> paranoid;
    const char* text;
  } cases[] = {
      {ENOENT, 2,
       "no hardware counters, or not this event, like most virtual machines (perf_event_open: "
       "ENOENT)"},
      {EOPNOTSUPP, 2,
       "cannot interrupt, as in some virtual machines (perf_event_open: EOPNOTSUPP)"},
      {EACCES, 4,
       "kernel.perf_event_paranoid is 4 and forbids it, sysctl kernel.perf_event_paranoid=2 allows "
       "it "
       "(perf_event_open: EACCES)"},
      {EPERM, 3, "(perf_event_open: EPERM)"},
      {EACCES, 2, "docker run --cap-add=PERFMON"},
      {EPERM, std::nullopt, "docker run --cap-add=PERFMON"},
      {EINVAL, 2, "older than the CPU"},
      {ENOSYS, 2, "CONFIG_PERF_EVENTS"},
      {EBUSY, 2, "another program"},
      {EIO, 2, "perf_event_open: Input/output error"},
  };
  for (const auto& c : cases) {
    const std::string text = refusal_text(c.error, c.paranoid);
    EXPECT_NE(text.find(c.text), std::string::npos) << text;
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
  }
}

TEST(ParseParanoid, TakesOneNumberOnly) {
  EXPECT_EQ(parse_paranoid("2\n"), 2);
  EXPECT_EQ(parse_paranoid("-1"), -1);
  for (const char* wrong : {"", "\n", "x", "2 3", "99999999999999"}) {
    EXPECT_EQ(parse_paranoid(wrong), std::nullopt) << wrong;
  }
}

// Page faults stand in for branches: a software event counts, overflows and signals by the same
// calls.
class Counter : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = PageFaultChild::refusal(); !why.empty()) {
      GTEST_SKIP() << "skipped: no software events: " << why;
    }
  }
};

TEST_F(Counter, CountsOneThreadSinceItsReset) {
  PageFaultChild child;
  HardwareCounter counter(kPageFaults, child.tid());
  EXPECT_EQ(counter.ticks(), 0u);
  child.run_to_end_of_round();
  EXPECT_EQ(counter.ticks(), PageFaultChild::kPages);
  counter.reset();
  EXPECT_EQ(counter.ticks(), 0u);
  child.run_to_end_of_round();
  EXPECT_EQ(counter.ticks(), PageFaultChild::kPages);
}

TEST_F(Counter, SignalsAfterEachPeriodThatIsAskedFor) {
  PageFaultChild child;
  HardwareCounter counter(kPageFaults, child.tid());
  std::uint64_t sum = 0;
  for (const std::uint64_t period : {1, 2, 30, 7, 100}) {
    counter.overflow_after(period);
    ASSERT_TRUE(counter.is_overflow(child.run()));
    sum += period;
    EXPECT_EQ(counter.ticks(), sum);
  }
  counter.overflow_never();
  EXPECT_EQ(child.run().si_signo, SIGTRAP);
  EXPECT_EQ(counter.ticks(), PageFaultChild::kPages);
}

TEST_F(Counter, KnowsItsOwnSignalOnly) {
  PageFaultChild child;
  HardwareCounter counter(kPageFaults, child.tid()), other(kPageFaults, child.tid());
  counter.overflow_after(5);
  const siginfo_t info = child.run();
  EXPECT_TRUE(counter.is_overflow(info));
  EXPECT_FALSE(other.is_overflow(info));
  ASSERT_EQ(tgkill(child.tid().value(), child.tid().value(), HardwareCounter::kSignal), 0);
  EXPECT_FALSE(counter.is_overflow(child.run()));
}

TEST_F(Counter, OfAThreadThatIsGoneIsNoCounterError) {
  pid_t gone = 0;
  {
    PageFaultChild child;
    gone = child.tid().value();
  }
  EXPECT_THROW(HardwareCounter(kPageFaults, Tid(gone)), TaskGone);
}

TEST_F(Counter, AnEventThatDoesNotExistIsAnErrorByName) {
  const EncodedEvent nonsense{"nonsense", PERF_TYPE_SOFTWARE, 0xffff, 0, 0};
  try {
    HardwareCounter counter(nonsense, Tid(getpid()));
    ADD_FAILURE();
  } catch (const CounterError& error) {
    EXPECT_TRUE(error.error() == ENOENT || error.error() == EINVAL) << error.what();
  }
}

}  // namespace
}  // namespace ttrace
