// Cases of every outcome, for the tests of what --ttrace-until-fail says and keeps.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <random>
#include <stdexcept>

namespace {

TEST(Mixed, PassesAndTalks) { std::puts("only I know this"); }

TEST(Mixed, FailsAtOnce) {
  std::puts("said before the failure");
  EXPECT_EQ(1, 2) << "first\nand second line";
}

TEST(Mixed, PassesInBetween) {}

TEST(Mixed, FailsTwice) {
  EXPECT_TRUE(false) << "the first";
  ASSERT_TRUE(false) << "the second";
}

TEST(Mixed, Throws) { throw std::runtime_error("thrown"); }

TEST(Mixed, Aborts) { std::abort(); }

TEST(Mixed, Leaves) { std::exit(0); }

TEST(Mixed, LeavesAtOnce) { _exit(7); }

TEST(Mixed, KillsItself) { kill(getpid(), SIGKILL); }

TEST(Mixed, Hangs) { pause(); }

TEST(Mixed, IsSkipped) { GTEST_SKIP() << "no reason"; }

TEST(Mixed, DISABLED_Fails) { FAIL(); }

// Fails in a third of its runs.
TEST(Mixed, FailsNowAndThen) {
  std::random_device device;
  EXPECT_NE(device() % 3, 0U);
}

}  // namespace
