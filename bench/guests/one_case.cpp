#include <gtest/gtest.h>

TEST(OneCase, Passes) { EXPECT_EQ(2 + 2, 4); }
