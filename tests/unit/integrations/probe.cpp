// What a listener sees: one case for each thing that GoogleTest reports. Some fail on purpose.
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

namespace {

TEST(Probe, Passes) { SUCCEED() << "as it should"; }

TEST(Probe, Fails) {
  EXPECT_EQ(1 + 1, 3);
  ASSERT_TRUE(false) << "and fatally";
}

TEST(Probe, IsSkipped) { GTEST_SKIP() << "for a reason"; }

TEST(Probe, DISABLED_Rests) { FAIL(); }

TEST(Probe, FailsInAThread) {
  std::thread([] { EXPECT_TRUE(false) << "in a thread"; }).join();
}

TEST(Probe, ExpectsItsFailure) {
  EXPECT_NONFATAL_FAILURE(EXPECT_TRUE(false) << "this one is intercepted", "intercepted");
}

class Fixture : public ::testing::Test {
 protected:
  Fixture() { EXPECT_TRUE(false) << "in the constructor"; }
};

TEST_F(Fixture, Constructs) {}

class ProbeDeathTest : public ::testing::TestWithParam<const char*> {};

TEST_P(ProbeDeathTest, Dies) {
  GTEST_FLAG_SET(death_test_style, GetParam());
  EXPECT_EXIT(std::exit(3), ::testing::ExitedWithCode(3), "");
}

INSTANTIATE_TEST_SUITE_P(Styles, ProbeDeathTest, ::testing::Values("fast", "threadsafe"));

}  // namespace
