#include "record/scheduler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <map>
#include <set>
#include <vector>

namespace ttrace {
namespace {

using Strategy = Scheduler::Strategy;
using Place = Scheduler::CallPlace;

constexpr std::array kStrategies = {Strategy::plain,  Strategy::random,     Strategy::priorities,
                                    Strategy::starve, Strategy::after_sync, Strategy::accesses};

/// The first seeds that draw a strategy.
std::vector<std::uint64_t> seeds_of(Strategy strategy, std::size_t count) {
  std::vector<std::uint64_t> seeds;
  for (std::uint64_t seed = 1; seeds.size() < count; ++seed) {
    if (Scheduler(seed).strategy() == strategy) seeds.push_back(seed);
  }
  return seeds;
}

/// Threads that are always ready, under a scheduler: each step is a call or a used-up quantum.
class Program {
 public:
  Program(std::uint64_t seed, int threads) : scheduler_(seed) {
    for (int i = 0; i < threads; ++i) threads_.push_back(Tid(100 + i));
    running_ = threads_[0];
  }

  Tid running() const { return running_; }
  std::uint64_t last_quantum() const { return quantum_; }

  /// Runs for a quantum; no calls.
  void compute() {
    quantum_ = scheduler_.quantum(running_);
    scheduler_.ran(quantum_);
    scheduler_.preempted(running_);
    leave();
  }
  void call(Place place, bool synchronises) {
    if (scheduler_.leaves_at(running_, {place, synchronises})) leave();
  }

 private:
  void leave() {
    std::vector<Tid> ready = threads_;
    std::erase(ready, running_);
    running_ = scheduler_.next(ready, running_);
  }

  Scheduler scheduler_;
  std::vector<Tid> threads_;
  Tid running_;
  std::uint64_t quantum_ = 0;
};

/// What a mixture of calls and computing comes to: the threads, in order.
std::vector<Tid> history(std::uint64_t seed) {
  Program program(seed, 4);
  std::vector<Tid> threads;
  for (int i = 0; i < 400; ++i) {
    if (i % 3 == 0) {
      program.compute();
    } else {
      program.call(i % 2 == 0 ? Place::entry : Place::exit, i % 5 == 0);
    }
    threads.push_back(program.running());
  }
  return threads;
}

TEST(Scheduler, RepeatsItselfForASeed) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    EXPECT_EQ(history(seed), history(seed)) << seed;
  }
}

TEST(Scheduler, DiffersBetweenSeeds) {
  std::set<std::vector<Tid>> histories;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) histories.insert(history(seed));
  EXPECT_GE(histories.size(), 48u);
}

TEST(Scheduler, DrawsEveryStrategy) {
  std::map<Strategy, int> drawn;
  for (std::uint64_t seed = 0; seed < 800; ++seed) ++drawn[Scheduler(seed).strategy()];
  for (const Strategy strategy : kStrategies) EXPECT_GE(drawn[strategy], 50) << int(strategy);
  EXPECT_GT(drawn[Strategy::random], drawn[Strategy::plain]);
}

TEST(Scheduler, QuantaHaveAnEndAndABeginning) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Program program(seed, 3);
    for (int i = 0; i < 2000; ++i) {
      program.compute();
      ASSERT_GE(program.last_quantum(), 1u) << seed;
      ASSERT_LE(program.last_quantum(), Scheduler::kLongestQuantum) << seed;
    }
  }
}

TEST(Scheduler, PlainQuantaAreLong) {
  for (const std::uint64_t seed : seeds_of(Strategy::plain, 10)) {
    Scheduler scheduler(seed);
    for (int i = 0; i < 100; ++i) EXPECT_GE(scheduler.quantum(Tid(1)), 1u << 20);
  }
}

TEST(Scheduler, RandomQuantaAreOfAllSizes) {
  std::set<int> sizes;
  for (const std::uint64_t seed : seeds_of(Strategy::random, 60)) {
    Scheduler scheduler(seed);
    for (int i = 0; i < 50; ++i) {
      const std::uint64_t quantum = scheduler.quantum(Tid(1));
      EXPECT_LT(quantum, 1u << 16) << seed;
      sizes.insert(std::bit_width(quantum));
    }
  }
  EXPECT_EQ(sizes.size(), 16u);  // from 1 to 2^16 - 1
}

TEST(Scheduler, QuantaGrowInALongProgram) {
  for (const std::uint64_t seed : seeds_of(Strategy::random, 20)) {
    Program program(seed, 2);
    std::uint64_t total = 0;
    for (int i = 0; i < 20'000; ++i) {
      program.compute();
      total += program.last_quantum();
    }
    EXPECT_GE(total, 1ull << 30) << seed;  // a second of computing or so, in 20,000 pieces
  }
}

TEST(Scheduler, NoThreadThatComputesWaitsForEver) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Program program(seed, 4);
    for (int round = 0; round < 5; ++round) {
      std::set<Tid> ran;
      for (int i = 0; i < 3000; ++i) {
        ran.insert(program.running());
        program.compute();
      }
      EXPECT_EQ(ran.size(), 4u) << "seed " << seed << ", round " << round;
    }
  }
}

TEST(Scheduler, NoThreadWaitsForEverWhileOthersCall) {
  for (const bool synchronises : {false, true}) {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
      Program program(seed, 4);
      std::set<Tid> ran;
      for (int i = 0; i < 30'000; ++i) {
        ran.insert(program.running());
        program.call(Place::exit, synchronises);
      }
      EXPECT_EQ(ran.size(), 4u) << seed;
    }
  }
}

TEST(Scheduler, NoThreadWaitsForEverWhileOthersSleepBriefly) {
  for (const std::uint64_t seed : seeds_of(Strategy::priorities, 20)) {
    Scheduler scheduler(seed);
    const std::vector<Tid> all = {Tid(1), Tid(2), Tid(3)};
    std::map<Tid, int> turns;
    Tid running = all[0];
    for (int i = 0; i < 5000; ++i) {
      std::vector<Tid> ready = all;  // the one that ran sleeps, and is ready again next time
      std::erase(ready, running);
      running = scheduler.next(ready, Tid());
      ++turns[running];
    }
    EXPECT_EQ(turns.size(), all.size()) << "seed " << seed;
  }
}

TEST(Scheduler, AYieldLetsTheOtherRun) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Program program(seed, 2);
    std::set<Tid> ran;
    for (int i = 0; i < 600; ++i) {
      ran.insert(program.running());
      program.call(Place::yield, false);
    }
    EXPECT_EQ(ran.size(), 2u) << seed;
  }
}

TEST(Scheduler, OneOfThoseThatMayRunIsChosen) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Scheduler scheduler(seed);
    const std::vector<Tid> ready = {Tid(5), Tid(9)};
    for (int i = 0; i < 200; ++i) {
      const Tid stays = i % 2 == 0 ? Tid(7) : Tid();
      const Tid chosen = scheduler.next(ready, stays);
      EXPECT_TRUE(chosen == ready[0] || chosen == ready[1] || (chosen == stays && stays != Tid()));
      scheduler.quantum(chosen);
      scheduler.preempted(chosen);
    }
  }
}

TEST(Scheduler, PrioritiesChangeFewTimes) {
  for (const std::uint64_t seed : seeds_of(Strategy::priorities, 20)) {
    Program program(seed, 3);
    int switches = 0;
    for (int i = 0; i < 900; ++i) {
      const Tid before = program.running();
      program.call(Place::exit, i % 4 == 0);
      switches += program.running() != before;
    }
    EXPECT_LE(switches, 5) << seed;  // the first choice and at most four changes
  }
}

TEST(Scheduler, AfterSyncSwitchesThere) {
  int plain = 0;
  int synchronising = 0;
  for (const std::uint64_t seed : seeds_of(Strategy::after_sync, 20)) {
    Scheduler scheduler(seed);
    for (int i = 0; i < 100; ++i) {
      plain += scheduler.leaves_at(Tid(1), {Place::exit, false});
      synchronising += scheduler.leaves_at(Tid(1), {Place::exit, true});
    }
  }
  EXPECT_LT(plain, 120);
  EXPECT_GT(synchronising, 800);
}

TEST(Scheduler, ChaosIsOffOnOrDrawn) {
  std::map<Chaos, int> plain;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    for (const Chaos chaos : {Chaos::off, Chaos::on, Chaos::mixed}) {
      plain[chaos] += Scheduler(seed, chaos).strategy() == Strategy::plain;
    }
  }
  EXPECT_EQ(plain[Chaos::off], 200);
  EXPECT_EQ(plain[Chaos::on], 0);
  EXPECT_GT(plain[Chaos::mixed], 0);
}

TEST(Scheduler, OnlyThePlainStrategyNeverWalks) {
  for (const Strategy strategy : kStrategies) {
    bool walks = false;
    for (const std::uint64_t seed : seeds_of(strategy, 40)) {
      Scheduler scheduler(seed);
      for (int i = 0; i < 20; ++i) {
        const std::uint64_t accesses = scheduler.accesses_before_leaving();
        EXPECT_LE(accesses, 64U);
        walks = walks || accesses != 0;
      }
    }
    EXPECT_EQ(walks, strategy != Strategy::plain) << int(strategy);
  }
}

TEST(Scheduler, WalksBecomeRareWhenTheyCostMuch) {
  const auto walks_of = [](std::uint64_t steps_before) {
    int walks = 0;
    for (const std::uint64_t seed : seeds_of(Strategy::accesses, 20)) {
      Scheduler scheduler(seed);
      scheduler.walked(steps_before);
      for (int i = 0; i < 100; ++i) walks += scheduler.accesses_before_leaving() != 0;
    }
    return walks;
  };
  EXPECT_GT(walks_of(0), 10 * walks_of(1 << 20));
}

TEST(Scheduler, AThreadIsNotStarvedForLongByOthersThatOnlyCompute) {
  for (const std::uint64_t seed : seeds_of(Strategy::starve, 60)) {
    Program program(seed, 2);
    int in_a_row = 0;
    Tid last;
    for (int i = 0; i < 3000; ++i) {
      program.compute();
      in_a_row = program.running() == last ? in_a_row + 1 : 0;
      last = program.running();
      ASSERT_LT(in_a_row, 40) << "seed " << seed;
    }
  }
}

TEST(Scheduler, QuantaFollowWhatIsKnownOfTheLength) {
  std::uint64_t longest_of_long = 0;
  for (const std::uint64_t seed : seeds_of(Strategy::random, 60)) {
    Scheduler of_short(seed, Chaos::mixed, 1 << 8);
    Scheduler of_long(seed, Chaos::mixed, 1 << 19);
    for (int i = 0; i < 50; ++i) {
      EXPECT_LT(of_short.quantum(Tid(100)), 1U << 9) << "seed " << seed;
      longest_of_long = std::max(longest_of_long, of_long.quantum(Tid(100)));
    }
  }
  EXPECT_GT(longest_of_long, 1U << 17);
}

TEST(Scheduler, ChangePointsLieAnywhereInAKnownLength) {
  std::uint64_t furthest = 0;
  for (const std::uint64_t seed : seeds_of(Strategy::priorities, 100)) {
    furthest = std::max(furthest, Scheduler(seed, Chaos::mixed, 1 << 20).quantum(Tid(100)));
  }
  EXPECT_GT(furthest, 1U << 18);
}

TEST(Scheduler, AThreadThatRestsComesBack) {
  const Tid resting(101);
  for (const std::uint64_t seed : seeds_of(Strategy::accesses, 50)) {
    Scheduler scheduler(seed);
    scheduler.accesses_after_return(resting);
    const std::vector<Tid> ready = {resting, Tid(102)};
    int decisions = 1;
    while (scheduler.next(ready, Tid()) != resting) ASSERT_LE(++decisions, 1000) << seed;
    // Alone it runs at once, rested or not.
    scheduler.accesses_after_return(resting);
    EXPECT_EQ(scheduler.next(std::vector<Tid>{resting}, Tid()), resting);
  }
}

TEST(SchedulerInProcess, AThreadThatMadeAllItsCallsLeavesAtTheNextOne) {
  const Tid running(100);
  for (const Strategy strategy : {Strategy::plain, Strategy::random}) {
    for (const std::uint64_t seed : seeds_of(strategy, 50)) {
      Scheduler scheduler(seed);
      EXPECT_LE(scheduler.calls_in_process(running).value(), 1000U);
      scheduler.passed_all_calls();
      const bool leaves = scheduler.leaves_at(running, {Place::entry, false}) ||
                          scheduler.leaves_at(running, {Place::exit, false});
      EXPECT_TRUE(leaves) << seed;
    }
  }
}

TEST(SchedulerInProcess, CallsAreAsOftenSwitchesAsIfEachWereAskedAbout) {
  const Tid running(100);
  for (const std::uint64_t seed : seeds_of(Strategy::random, 10)) {
    constexpr int kRuns = 2000;
    Scheduler asked(seed);
    double calls_asked = 0;
    for (int i = 0; i < kRuns; ++i) {
      while (!asked.leaves_at(running, {Place::entry, false}) &&
             !asked.leaves_at(running, {Place::exit, false})) {
        ++calls_asked;
      }
      asked.next(std::array{Tid(101)}, running);
    }
    Scheduler passed(seed);
    double calls_passed = 0;
    for (int i = 0; i < kRuns; ++i)
      calls_passed += double(passed.calls_in_process(running).value());
    EXPECT_LT(calls_passed, calls_asked * 1.3 + kRuns * 0.2) << seed;
    EXPECT_GT(calls_passed, calls_asked * 0.7 - kRuns * 0.2) << seed;
  }
}

TEST(SchedulerInProcess, StrategiesThatLookAtEachCallHaveNone) {
  for (const Strategy strategy : {Strategy::priorities, Strategy::after_sync, Strategy::accesses}) {
    Scheduler scheduler(seeds_of(strategy, 1).front());
    EXPECT_FALSE(scheduler.calls_in_process(Tid(100)));
  }
}

}  // namespace
}  // namespace ttrace
