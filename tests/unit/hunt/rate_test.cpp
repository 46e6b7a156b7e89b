#include "hunt/rate.h"

#include <gtest/gtest.h>

#include <cmath>

namespace ttrace {
namespace {

constexpr double kClose = 1e-5;

// Tables of the exact (Clopper-Pearson) interval, as statistics packages print them.
TEST(FailureRate, HasTheExactIntervalOfKnownCases) {
  const struct {
    std::uint64_t failures, attempts;
    double least, most;
  } kKnown[] = {
      {1, 10, 0.002529, 0.445016},  {5, 10, 0.187086, 0.812914},   {10, 10, 0.691503, 1},
      {1, 100, 0.000253, 0.054459}, {10, 100, 0.049005, 0.176223}, {50, 100, 0.398321, 0.601679},
  };
  for (const auto& known : kKnown) {
    const RateInterval interval = failure_rate(known.failures, known.attempts, Sampling::fixed);
    EXPECT_NEAR(interval.least, known.least, kClose) << known.failures << " of " << known.attempts;
    EXPECT_NEAR(interval.most, known.most, kClose) << known.failures << " of " << known.attempts;
  }
}

TEST(FailureRate, RulesOutWhatWouldHaveFailedInThatManyAttempts) {
  // (1 - p)^n = 0.05; the rule of three is its first term.
  EXPECT_NEAR(failure_rate(0, 1, Sampling::fixed).most, 0.95, 1e-12);
  EXPECT_NEAR(failure_rate(0, 500, Sampling::fixed).most, 0.00597355, 1e-8);
  EXPECT_NEAR(failure_rate(0, 1'000'000'000, Sampling::fixed).most, 2.995732e-9, 1e-14);
  EXPECT_EQ(failure_rate(0, 0, Sampling::fixed).most, 1);
}

TEST(FailureRate, ACaseThatEndedWithItsFailureIsCountedAsSuch) {
  // The first failure on attempt n: least from (1 - p)^n = 0.975, most from (1 - p)^(n - 1) =
  // 0.025.
  const RateInterval interval = failure_rate(1, 37, Sampling::until_it_failed);
  EXPECT_NEAR(interval.least, 1 - std::pow(0.975, 1.0 / 37), 1e-12);
  EXPECT_NEAR(interval.most, 1 - std::pow(0.025, 1.0 / 36), 1e-12);
  EXPECT_EQ(failure_rate(1, 1, Sampling::until_it_failed).most, 1);
}

TEST(FailureRate, IsSoundFarOut) {
  for (const std::uint64_t attempts : {1000u, 1000000u, 1000000000u}) {
    for (const std::uint64_t failures : {std::uint64_t(1), attempts / 2, attempts - 1}) {
      const RateInterval interval = failure_rate(failures, attempts, Sampling::fixed);
      EXPECT_LT(interval.least, interval.rate);
      EXPECT_GT(interval.most, interval.rate);
      EXPECT_GT(interval.least, 0);
      EXPECT_LT(interval.most, 1);
    }
  }
}

TEST(IncompleteBeta, IsThatOfSimpleCases) {
  EXPECT_NEAR(incomplete_beta(1, 1, 0.3), 0.3, 1e-14);
  EXPECT_NEAR(incomplete_beta(2, 1, 0.3), 0.09, 1e-14);
  EXPECT_NEAR(incomplete_beta(1, 3, 0.3), 1 - 0.343, 1e-14);
  EXPECT_NEAR(incomplete_beta(5, 5, 0.5), 0.5, 1e-13);
}

TEST(RateText, ReadsWell) {
  EXPECT_EQ(rate_text(0, 500, Sampling::fixed), "under 0.60 % with 95 % confidence");
  EXPECT_EQ(rate_text(10, 100, Sampling::fixed), "10 % (95 %: 4.9 % to 18 %)");
  EXPECT_EQ(rate_text(1, 37, Sampling::until_it_failed), "2.7 % (95 %: 0.068 % to 9.8 %)");
  EXPECT_EQ(percent_text(1), "100 %");
  EXPECT_EQ(percent_above(1), "100 %");
  EXPECT_EQ(percent_text(0.00003), "0.0030 %");
}

}  // namespace
}  // namespace ttrace
