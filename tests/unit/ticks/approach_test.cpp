#include "ticks/approach.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "simulated_thread.h"

namespace ttrace {
namespace {

using simulated::Counter;
using simulated::Instruction;
using simulated::Op;
using simulated::Program;
using simulated::Thread;

// A loop whose turns have the same registers except for the one that counts them.
const Program kCountedLoop = {
    {Op::set_count, 400}, {Op::add, 0}, {Op::count_down}, {Op::jump_not_zero, 1}, {Op::system_call},
};

// A loop that counts in memory: all of its turns have the same registers.
const Program kHiddenLoop = {
    {Op::count_cell, 0},
    {Op::test_cell, 0, 500},
    {Op::jump_not_zero, 0},
    {Op::system_call},
};

// Seven turns of an inner loop between two ticks, which nothing but memory tells apart.
const Program kLoopWithoutTicks = {
    {Op::count_cell, 0},     {Op::jump_table, 0, 0}, {Op::count_cell, 1},
    {Op::test_cell, 1, 200}, {Op::jump_not_zero, 0}, {Op::system_call},
};

// f(n) calls f(n - 1); two hundred returns follow one another without a tick.
const Program kRecursion = {
    {Op::set_count, 200}, {Op::call, 3},          {Op::system_call},
    {Op::count_down},     {Op::jump_not_zero, 6}, {Op::jump, 7},
    {Op::call, 3},        {Op::add, 0},           {Op::ret},
};

// Repeated instructions of many turns inside a loop.
const Program kRepeats = {
    {Op::count_cell, 0},    {Op::set_count, 30},    {Op::repeat},      {Op::add, 3},
    {Op::test_cell, 0, 60}, {Op::jump_not_zero, 0}, {Op::system_call},
};

// Loops in loops, of different lengths.
const Program kNested = {
    {Op::count_cell, 0},    {Op::set_count, 9},  {Op::add, 1},           {Op::count_down},
    {Op::jump_not_zero, 2}, {Op::call, 9},       {Op::test_cell, 0, 40}, {Op::jump_not_zero, 0},
    {Op::system_call},      {Op::count_cell, 1}, {Op::jump_table, 9, 1}, {Op::ret},
};

struct Named {
  const char* name;
  const Program& program;
};
const Named kPrograms[] = {
    {"counted loop", kCountedLoop},
    {"hidden loop", kHiddenLoop},
    {"loop without ticks", kLoopWithoutTicks},
    {"recursion", kRecursion},
    {"repeats", kRepeats},
    {"nested", kNested},
};

struct Place {
  TickPoint point;
  std::uint64_t executed;
};

// Every place of a program, each as the first that looks like it.
std::vector<Place> places_of(const Program& program) {
  Thread thread(program, {}, 0);
  std::vector<Place> places;
  do {
    const TickPoint point{thread.ticks(), thread.registers()};
    const auto same = std::find_if(places.rbegin(), places.rend(), [&](const Place& p) {
      return p.point.ticks != point.ticks || same_place(p.point.registers, point.registers);
    });
    const bool seen = same != places.rend() && same->point.ticks == point.ticks;
    places.push_back({point, seen ? same->executed : thread.executed()});
  } while (thread.step() != Halt::elsewhere);
  return places;
}

std::uint64_t pick(std::mt19937_64& random, std::uint64_t from, std::uint64_t to) {
  return std::uniform_int_distribution(from, to)(random);
}

TEST(Approach, FindsEveryKindOfPlaceWhateverTheSkid) {
  for (const Named& p : kPrograms) {
    const std::vector<Place> places = places_of(p.program);
    ASSERT_GT(places.size(), 500u) << p.name;
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
      std::mt19937_64 random(seed);
      const Place& place = places[pick(random, 0, places.size() - 1)];
      const std::uint64_t skid = pick(random, 1, 40);
      const std::uint64_t least_period = pick(random, 1, 20);
      Counter counter{0, skid - 1, 5, least_period, unsigned(pick(random, 0, 30))};
      if (seed % 3 == 0) counter.least_skid = counter.most_skid;  // always the worst
      Thread thread(p.program, counter, seed);
      const Approach approach({skid, least_period});
      ASSERT_EQ(approach.reach(thread, place.point), Approach::End::reached) << p.name << seed;
      ASSERT_EQ(thread.executed(), place.executed) << p.name << " seed " << seed;
    }
  }
}

TEST(Approach, GoesOnFromOnePointToTheNext) {
  for (const Named& p : kPrograms) {
    const std::vector<Place> places = places_of(p.program);
    Thread thread(p.program, {0, 6, 3}, 5);
    const Approach approach({7, 1});
    std::uint64_t last = 0;
    for (std::size_t i = 0; i < places.size(); i += 13) {
      if (places[i].executed < last) continue;  // looks like one that is behind us
      ASSERT_EQ(approach.reach(thread, places[i].point), Approach::End::reached) << p.name << i;
      ASSERT_EQ(thread.executed(), places[i].executed) << p.name << i;
      last = thread.executed();
    }
  }
}

TEST(Approach, IsThereAlready) {
  Thread thread(kNested, {}, 1);
  const TickPoint here{thread.ticks(), thread.registers()};
  EXPECT_EQ(Approach({10, 1}).reach(thread, here), Approach::End::reached);
  EXPECT_EQ(thread.executed(), 0u);
}

// Never another place: the right one, or an error that says that it may be behind.
TEST(Approach, ASkidBeyondTheMarginIsAnErrorByName) {
  unsigned late = 0, right = 0;
  for (const Named& p : kPrograms) {
    const std::vector<Place> places = places_of(p.program);
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
      std::mt19937_64 random(seed);
      const Place& place = places[pick(random, 0, places.size() - 1)];
      Thread thread(p.program, {0, 30, 5}, seed);
      try {
        ASSERT_EQ(Approach({10, 1}).reach(thread, place.point), Approach::End::reached);
        ASSERT_EQ(thread.executed(), place.executed) << p.name << " seed " << seed;
        ++right;
      } catch (const OverflowLate& error) {
        EXPECT_NE(std::string(error.what()).find("ticks late"), std::string::npos);
        ++late;
      }
    }
  }
  EXPECT_GT(late, 300u);
  EXPECT_GT(right, 300u);
}

TEST(Approach, TheFirstTickTooLateIsNoticed) {
  const std::vector<Place> places = places_of(kCountedLoop);
  const auto target = std::ranges::find(places, 300u, [](auto& p) { return p.point.ticks; });
  for (const std::uint64_t late : {9, 10, 11}) {
    Thread thread(kCountedLoop, {late, late, 0}, 1);
    const Approach approach({10, 1});
    if (late < 10) {
      EXPECT_EQ(approach.reach(thread, target->point), Approach::End::reached);
      EXPECT_EQ(thread.executed(), target->executed);
    } else {
      // Ten: as many ticks as the point has, so nobody knows whether it is behind.
      EXPECT_THROW(approach.reach(thread, target->point), OverflowLate);
    }
  }
}

TEST(Approach, TellsLateFromDifferent) {
  for (const Named& p : kPrograms) {
    const std::vector<Place> places = places_of(p.program);
    TickPoint point = places[places.size() / 2].point;
    point.registers.rbx = 77;  // never has that value
    Thread thread(p.program, {0, 4, 2}, 3);
    try {
      Approach({5, 1}).reach(thread, point);
      ADD_FAILURE() << p.name;
    } catch (const Divergence& error) {
      EXPECT_NE(std::string(error.what()).find("rbx 0x0 instead of 0x4d"), std::string::npos)
          << p.name << ": " << error.what();
    }
    EXPECT_LE(thread.ticks(), point.ticks + 1 + 4) << p.name;

    // An instruction that is not executed near there at all.
    point = places[places.size() / 2].point;
    point.registers.rip += 0x100000;
    Thread other(p.program, {0, 4, 2}, 3);
    EXPECT_THROW(Approach({5, 1}).reach(other, point), Divergence) << p.name;
    EXPECT_LE(other.ticks(), point.ticks + 1 + 4) << p.name;
  }
}

TEST(Approach, APointBehindIsAnError) {
  const std::vector<Place> places = places_of(kNested);
  Thread thread(kNested, {0, 3, 2}, 1);
  const Approach approach({4, 1});
  EXPECT_EQ(approach.reach(thread, places[400].point), Approach::End::reached);
  EXPECT_THROW(approach.reach(thread, places[100].point), Divergence);
}

TEST(Approach, StopsWhereTheThreadStopsByItself) {
  const std::vector<Place> places = places_of(kRepeats);
  TickPoint beyond = places.back().point;
  for (const std::uint64_t more : {0, 1, 1000}) {
    beyond.ticks = places.back().point.ticks + more;
    beyond.registers.rbx = 77;
    Thread thread(kRepeats, {0, 4, 2}, 3);
    EXPECT_EQ(Approach({5, 1}).reach(thread, beyond), Approach::End::elsewhere) << more;
    EXPECT_EQ(thread.executed(), places.back().executed);
  }
}

TEST(Approach, ACounterThatStandsStillIsAnErrorByName) {
  Counter broken;
  broken.stands_still = true;
  broken.stale_percent = 100;
  Thread thread(kCountedLoop, broken, 1);
  EXPECT_THROW(Approach({5, 1}).reach(thread, {1000, {}}), CounterStuck);
}

// A thread that goes round without ticks and never has the registers.
TEST(Approach, GivesUpInALoopWithoutTicks) {
  const Program forever = {{Op::count_cell, 0}, {Op::jump, 0}};
  Thread thread(forever, {}, 1);
  TickPoint point{0, thread.registers()};
  point.registers.rbx = 77;
  EXPECT_THROW(Approach({5, 1}, 1000).reach(thread, point), Divergence);
  EXPECT_LE(thread.halts(), 1010u);
}

TEST(Approach, NearAPointItStopsAtItsInstructionOnly) {
  const std::vector<Place> places = places_of(kNested);
  const Place& place = places[places.size() - 3];
  Thread thread(kNested, {0, 9, 2}, 1);
  EXPECT_EQ(Approach({10, 1}).reach(thread, place.point), Approach::End::reached);
  EXPECT_EQ(thread.executed(), place.executed);
  EXPECT_LT(thread.halts(), 20u);
}

TEST(SamePlace, IgnoresWhatUserCodeCannotSee) {
  GeneralRegisters a{}, b{};
  b.orig_rax = 5;
  b.eflags = 0x10100;
  EXPECT_TRUE(same_place(a, b));
  for (unsigned i = 0; i < kRegisterCount; ++i) {
    b = a;
    register_at(b, i) = 1;
    const bool is_orig_rax = b.orig_rax == 1;
    EXPECT_EQ(same_place(a, b), is_orig_rax) << i;
  }
}

// Settled places look like no earlier one, wherever the overflow stopped the thread.
TEST(Settle, ChoosesTheFirstPlaceWithItsTicks) {
  for (const Named& p : kPrograms) {
    const std::vector<Place> places = places_of(p.program);
    unsigned settled = 0;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
      Thread thread(p.program, {0, 20, 5}, seed);
      if (thread.run(seed, std::nullopt) != Halt::overflow) continue;
      if (settle(thread, 1000) != Settled::there) continue;
      ++settled;
      const Place& place = places.at(thread.executed());
      ASSERT_EQ(place.executed, thread.executed()) << p.name << seed;
      ASSERT_NE(places.at(thread.executed() - 1).point.ticks, place.point.ticks) << p.name << seed;

      Thread again(p.program, {0, 20, 5}, seed + 1000);
      ASSERT_EQ(Approach({21, 1}).reach(again, place.point), Approach::End::reached);
      ASSERT_EQ(again.executed(), thread.executed()) << p.name << seed;
    }
    EXPECT_GT(settled, 20u) << p.name;
  }
}

TEST(Settle, SaysThatThereIsNoPlace) {
  const Program forever = {{Op::count_cell, 0}, {Op::jump, 0}};
  Thread thread(forever, {}, 1);
  EXPECT_EQ(settle(thread, 100), Settled::nowhere);
  EXPECT_EQ(thread.executed(), 100u);

  const Program call = {{Op::add, 1}, {Op::system_call}};
  Thread calls(call, {}, 1);
  EXPECT_EQ(settle(calls, 100), Settled::elsewhere);
  EXPECT_EQ(calls.executed(), 1u);
}

}  // namespace
}  // namespace ttrace
