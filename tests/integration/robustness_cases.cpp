// Cases of every outcome, for the tests of what --ttrace-until-fail says and keeps.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <stdexcept>
#include <thread>

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

// Says by a file that it has begun.
TEST(Slow, TakesASecond) {
  std::fclose(std::fopen("begun", "w"));
  std::this_thread::sleep_for(std::chrono::seconds(1));
}

// Fails in a third of its runs.
TEST(Mixed, FailsNowAndThen) {
  std::random_device device;
  EXPECT_NE(device() % 3, 0U);
}

}  // namespace
