#include <gtest/gtest.h>
#include <unistd.h>

#include <random>

TEST(Draw, IsNotZero) { EXPECT_NE(std::random_device()() % 8, 0u); }
TEST(Draw, IsSkipped) { GTEST_SKIP() << "not here"; }
TEST(Calm, Passes) { EXPECT_EQ(1 + 1, 2); }
TEST(Calm, DISABLED_Rests) { FAIL(); }
TEST(Hang, Waits) {
  while (true) pause();
}
