#include "ticks/skid.h"

#include <gtest/gtest.h>
#include <linux/perf_event.h>
#include <sys/wait.h>

#include "ticks/counter_offer.h"
#include "tracee/cpu_pin.h"

namespace ttrace {
namespace {

const TickEventRow& row_of(std::string_view generation) {
  for (const TickEventRow& row : tick_event_rows()) {
    if (row.generation == generation) return row;
  }
  throw Error("no such row");
}

CounterTrial good() {
  CounterTrial trial;
  trial.branches = 1000;
  trial.counted = {1000, 1000, 1000};
  trial.lateness = {3, 0, 17};
  return trial;
}

std::string refused(std::string_view generation, const CounterTrial& trial) {
  try {
    judge_trial(row_of(generation), trial);
  } catch (const CounterError& error) {
    return error.what();
  }
  return "";
}

TEST(JudgeTrial, TheSkidIsNoLessThanTheRowsAndAMultipleOfTheWorst) {
  const OverflowPrecision usual = judge_trial(row_of("Intel Skylake"), good());
  EXPECT_EQ(usual.skid, 128u);
  EXPECT_GE(usual.least_period, 1u);
  CounterTrial slow = good();
  slow.lateness.push_back(400);
  EXPECT_EQ(judge_trial(row_of("Intel Skylake"), slow).skid, 1604u);
  EXPECT_EQ(judge_trial(row_of("AMD Zen 3"), slow).skid, 10000u);
}

TEST(JudgeTrial, RefusesByName) {
  CounterTrial trial = good();
  trial.counted[1] = 1001;
  EXPECT_EQ(refused("Intel Skylake", trial),
            "the tick counter is not exact, 1000 branches were counted as 1000 to 1001");
  EXPECT_NE(refused("AMD Zen 3", trial).find("1001: switch the CPU's"), std::string::npos);

  trial = good();
  trial.spoiled = 1;
  EXPECT_NE(refused("AMD Zen 2", trial).find("SpecLockMap"), std::string::npos);

  trial = good();
  trial.lost_overflows = 1;
  EXPECT_NE(refused("Intel Skylake", trial).find("1 of 3 overflows"), std::string::npos);

  trial.lateness.clear();
  EXPECT_NE(refused("Intel Skylake", trial).find("do not come"), std::string::npos);
  trial.counted = {0, 0, 0};
  EXPECT_NE(refused("Intel Skylake", trial).find("stands still"), std::string::npos);
  EXPECT_NE(refused("Intel Skylake", {}).find("stands still"), std::string::npos);
}

// An event that never happens: the child executes its rounds, and nothing counts.
TEST(TryCounter, OfACounterThatStandsStillTheRoundsEndAllTheSame) {
  const EncodedEvent never{"never", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_DUMMY, 0, 0};
  const CpuPin pin;
  CounterTrial trial;
  try {
    trial = try_counter(never, &never);
  } catch (const CounterError& error) {
    GTEST_SKIP() << "skipped: no software events: " << error.what();
  }
  EXPECT_GT(trial.counted.size(), 10u);
  EXPECT_EQ(trial.counted, std::vector<std::uint64_t>(trial.counted.size(), 0));
  EXPECT_EQ(trial.lost_overflows, trial.counted.size());
  EXPECT_EQ(trial.spoiled, 0u);
  EXPECT_NE(refused("Intel Skylake", trial).find("stands still"), std::string::npos);
}

TEST(TryCounter, MeasuresARealOne) {
  const CounterOffer offer = examine_counters();
  if (!offer.works()) GTEST_SKIP() << "skipped: no hardware counters: " << offer.obstacle;
  EXPECT_FALSE(offer.event.empty());
  EXPECT_GE(offer.precision.skid, find_tick_event(this_cpu())->least_skid);
}

TEST(ExamineCounters, SaysWhyInOneLine) {
  const CounterOffer offer = examine_counters();
  EXPECT_FALSE(offer.cpu.empty());
  EXPECT_EQ(offer.obstacle.find('\n'), std::string::npos);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);  // no child is left
}

}  // namespace
}  // namespace ttrace
