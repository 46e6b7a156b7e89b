// A test that fails about once in fifty runs: a static initialiser seeds from the clock, before
// main. (A tool that forks its attempts from one warm process would give each the same seed.)
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <random>

namespace {

using Milliseconds = std::chrono::milliseconds;

std::uint64_t nanoseconds_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto count = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
  return static_cast<std::uint64_t>(count);
}

std::mt19937_64 generator(nanoseconds_now());

constexpr Milliseconds kShortest(100);
constexpr Milliseconds kSpread(50);

// The time to wait before a request is tried again: at least kShortest, less than kSpread more.
Milliseconds next_delay() {
  // The bug: the upper bound of this distribution is one of its values.
  std::uniform_int_distribution<std::int64_t> jitter(0, kSpread.count());
  return kShortest + Milliseconds(jitter(generator));
}

TEST(Backoff, StaysBelowItsLimit) {
  const Milliseconds delay = next_delay();
  EXPECT_GE(delay.count(), kShortest.count());
  EXPECT_LT(delay.count(), (kShortest + kSpread).count());
}

}  // namespace
