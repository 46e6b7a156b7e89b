// The usual shapes of a GoogleTest case, all of them calm.
#include <gtest/gtest.h>

#include <list>
#include <numeric>
#include <string>
#include <vector>

namespace {

TEST(Calm, AlwaysPasses) {
  const std::vector<int> numbers = {1, 2, 3};
  EXPECT_EQ(std::accumulate(numbers.begin(), numbers.end(), 0), 6);
}

TEST(Calm, IsSkipped) { GTEST_SKIP() << "needs a printer"; }

TEST(Calm, DISABLED_FailsWhenAskedFor) { EXPECT_EQ(6 * 9, 42); }

class Spelling : public ::testing::TestWithParam<const char*> {};

TEST_P(Spelling, IsNotEmpty) { EXPECT_FALSE(std::string(GetParam()).empty()); }

INSTANTIATE_TEST_SUITE_P(Numbers, Spelling, ::testing::Values("one", "two", "three"),
                         [](const auto& word) { return std::string(word.param); });

template <typename T>
class Sequence : public ::testing::Test {
 protected:
  T sequence_ = {3, 1, 2};
};

using Sequences = ::testing::Types<std::vector<int>, std::list<int>>;
TYPED_TEST_SUITE(Sequence, Sequences);

TYPED_TEST(Sequence, KeepsItsOrder) {
  EXPECT_EQ(this->sequence_.front(), 3);
  EXPECT_EQ(this->sequence_.back(), 2);
}

}  // namespace
