// A suite that knows nothing of ttrace.
#include <gtest/gtest.h>
#include <unistd.h>

#include <random>

TEST(Launched, IsNotZero) { EXPECT_NE(std::random_device()() % 8, 0u); }
TEST(Launched, Passes) { EXPECT_EQ(1 + 1, 2); }
TEST(Launched, Hangs) {
  while (true) pause();
}
