#include "record/disturbances.h"

#include <gtest/gtest.h>

#include <set>

namespace ttrace {
namespace {

TEST(Disturbances, WithoutChaosThereAreNone) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Disturbances none(seed, Chaos::off);
    for (int i = 0; i < 20; ++i) {
      EXPECT_FALSE(none.shortens());
      EXPECT_EQ(none.signal_delay(), 1U);
    }
    EXPECT_FALSE(Disturbances::randomises_addresses(seed, Chaos::off, AddressChoice::mixed));
  }
}

TEST(Disturbances, AShortenedTransferIsShorterAndNotEmpty) {
  Disturbances some(7, Chaos::on);
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(some.shortened(64));
  EXPECT_EQ(*seen.begin(), 1U);
  EXPECT_EQ(*seen.rbegin(), 63U);
  EXPECT_GT(seen.size(), 40U);
  EXPECT_EQ(some.shortened(2), 1U);
}

TEST(Disturbances, OneSeedGivesTheSameAnswers) {
  Disturbances one(11, Chaos::on);
  Disturbances other(11, Chaos::on);
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(one.shortens(), other.shortens());
    EXPECT_EQ(one.signal_delay(), other.signal_delay());
    EXPECT_EQ(one.shortened(100), other.shortened(100));
  }
}

TEST(Disturbances, SeedsDifferInWhatTheyDisturb) {
  int shorten = 0, delay = 0, random = 0;
  constexpr int kSeeds = 400;
  for (int seed = 0; seed < kSeeds; ++seed) {
    Disturbances drawn(std::uint64_t(seed), Chaos::on);
    bool shortens = false, delays = false;
    for (int i = 0; i < 100; ++i) {
      shortens |= drawn.shortens();
      delays |= drawn.signal_delay() > 1;
    }
    shorten += shortens;
    delay += delays;
    random +=
        Disturbances::randomises_addresses(std::uint64_t(seed), Chaos::on, AddressChoice::mixed);
  }
  EXPECT_GT(shorten, kSeeds / 4);
  EXPECT_LT(shorten, kSeeds * 3 / 4);
  EXPECT_GT(delay, kSeeds / 4);
  EXPECT_LT(delay, kSeeds * 3 / 4);
  EXPECT_GT(random, kSeeds / 16);
  EXPECT_LT(random, kSeeds / 4);
}

TEST(Disturbances, AnAskedChoiceOfAddressesHolds) {
  EXPECT_TRUE(Disturbances::randomises_addresses(1, Chaos::off, AddressChoice::random));
  for (std::uint64_t seed = 0; seed < 50; ++seed)
    EXPECT_FALSE(Disturbances::randomises_addresses(seed, Chaos::on, AddressChoice::fixed));
}

}  // namespace
}  // namespace ttrace
