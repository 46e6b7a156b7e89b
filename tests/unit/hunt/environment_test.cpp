#include "hunt/environment.h"

#include <gtest/gtest.h>

namespace ttrace {
namespace {

using Names = std::vector<std::string>;

Names shown(const char* rule) {
  const Environment all = {"PATH=/bin", "HOME=/root", "LC_ALL=C", "LC_TIME=C", "SECRET=x=y"};
  return environment_names(restricted(all, EnvironmentRule::parse(rule).value()));
}

TEST(EnvironmentRule, AllowsNamesAndPatterns) {
  EXPECT_EQ(shown("allow:PATH,LC_*"), (Names{"PATH", "LC_ALL", "LC_TIME"}));
  EXPECT_EQ(shown("allow:LC_?LL"), Names{"LC_ALL"});
  EXPECT_EQ(shown("allow:"), Names());
}

TEST(EnvironmentRule, DeniesNamesAndPatterns) {
  EXPECT_EQ(shown("deny:SECRET,LC_*"), (Names{"PATH", "HOME"}));
  EXPECT_EQ(shown("deny:SECRE"), (Names{"PATH", "HOME", "LC_ALL", "LC_TIME", "SECRET"}));
}

TEST(EnvironmentRule, EmptyNamesAreLeftOut) {
  EXPECT_EQ(EnvironmentRule::parse("allow:,A,,B,")->patterns, (Names{"A", "B"}));
}

TEST(EnvironmentRule, AnythingElseIsNone) {
  for (const char* text : {"", "PATH", "allow", "Allow:PATH", " deny:PATH"}) {
    EXPECT_FALSE(EnvironmentRule::parse(text)) << text;
  }
}

}  // namespace
}  // namespace ttrace
