#include "record/attempt_clock.h"

#include <gtest/gtest.h>

namespace ttrace {
namespace {

using namespace std::chrono_literals;

TEST(AttemptClock, CountsWhatPassesBetweenLooks) {
  AttemptClock clock(100s);
  clock.look(100s + 50ms);
  clock.look(100s + 120ms);
  EXPECT_EQ(clock.counted(), 120ms);
}

TEST(AttemptClock, CountsLittleOfATimeWithoutLooks) {
  AttemptClock clock(0s);
  clock.look(50ms);
  clock.look(60s);
  clock.look(60s + 50ms);
  EXPECT_EQ(clock.counted(), 100ms + AttemptClock::kLongestGap);
}

TEST(AttemptClock, LeavesOutWhatDoesNotCount) {
  AttemptClock clock(0s);
  clock.look(50ms);
  clock.look(100ms, false);
  clock.look(150ms);
  EXPECT_EQ(clock.counted(), 100ms);
}

}  // namespace
}  // namespace ttrace
