#include "cli/rules.h"

#include <gtest/gtest.h>

namespace ttrace {
namespace {

TEST(FailOnList, NamesConditionsAndOnePatternAtItsEnd) {
  const auto all = parse_fail_on("exit-status,signal,timeout");
  ASSERT_TRUE(all);
  EXPECT_TRUE(all->exit_status && all->signal && all->timeout);
  EXPECT_TRUE(all->patterns.empty());
  const auto some = parse_fail_on("signal,regex:a,b|c");
  ASSERT_TRUE(some);
  EXPECT_FALSE(some->exit_status);
  EXPECT_TRUE(some->signal);
  EXPECT_EQ(some->patterns, std::vector<std::string>{"a,b|c"});
}

TEST(FailOnList, IsRefusedIfItHasAnythingElse) {
  for (const char* text : {"", "signal,", "exit", "regex:", "signal;timeout"}) {
    EXPECT_FALSE(parse_fail_on(text)) << text;
  }
}

TEST(FlagsOfRules, DecideHowAttemptsAreJudged) {
  const BinaryFlags parsed = parse_binary_flags(
      {"t", "--ttrace-record", "--ttrace-follow=all", "--ttrace-fail-on=regex:x"}, {});
  const Rules rules = asked_rules(parsed.flags, Marks::optional);
  EXPECT_EQ(rules.follow, Follow::all);
  EXPECT_EQ(rules.marks, Marks::optional);
  EXPECT_FALSE(rules.fail_on.signal);
  EXPECT_THROW(parse_binary_flags({"t", "--ttrace-follow=me"}, {}), UsageError);
  const BinaryFlags bad = parse_binary_flags({"t", "--ttrace-fail-on=regex:("}, {});
  EXPECT_THROW(asked_rules(bad.flags, Marks::required), UsageError);
}

}  // namespace
}  // namespace ttrace
