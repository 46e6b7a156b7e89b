// Death tests of both styles: the code under test dies in a child process, and the test passes.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

namespace {

int percentage(int part, int whole) {
  if (whole == 0) {
    std::fprintf(stderr, "percentage: of nothing\n");
    std::abort();
  }
  return 100 * part / whole;
}

class PercentageDeathTest : public ::testing::TestWithParam<const char*> {};

TEST_P(PercentageDeathTest, RefusesAnEmptyWhole) {
  GTEST_FLAG_SET(death_test_style, GetParam());
  EXPECT_DEATH(percentage(1, 0), "of nothing");
  EXPECT_EXIT(std::exit(percentage(1, 4)), ::testing::ExitedWithCode(25), "");
}

INSTANTIATE_TEST_SUITE_P(Styles, PercentageDeathTest, ::testing::Values("fast", "threadsafe"),
                         [](const auto& style) { return std::string(style.param); });

}  // namespace
