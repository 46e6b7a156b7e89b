#include "hunt/catch2.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace ttrace {
namespace {

using Strings = std::vector<std::string>;

// What 3.7 writes, shortened.
constexpr const char* kJson = R"({"version": 1, "metadata": {"name": "t"}, "listings": {"tests": [
  {"name": "plain", "class-name": "", "tags": ["a", "b"],
   "source-location": {"filename": "t.cpp", "line": 4}},
  {"name": "odd, [x] \"y\" \\z", "tags": [], "source-location": {"filename": "t.cpp", "line": 5}},
  {"name": "last", "tags": [], "source-location": {"filename": "u.cpp", "line": 6}}]}})";

// What 2.13 writes; its exit status is the number of cases.
constexpr const char* kNames =
    "the program says something\n"
    "plain\t@t.cpp:4\nodd, [x] \"y\" \\z\t@a:b.cpp:5\n\"# hash\"\t@t.cpp:6\n";

constexpr int kThreeListed = 3 << 8, kRefused = 255 << 8;

Strings names_in(const Listing& listing, const Strings& arguments, const Environment& environment) {
  const auto cases = catch2_framework().parse_listing(listing, arguments, environment);
  if (!cases) return {"no listing"};
  Strings names;
  for (const TestCase& test : *cases) names.push_back(test.name);
  return names;
}

TEST(Catch2Listing, OfVersion3IsJson) {
  EXPECT_EQ(names_in({kJson, 0}, {"t"}, {}), (Strings{"plain", "odd, [x] \"y\" \\z", "last"}));
  const auto cases = *catch2_framework().parse_listing({kJson, 0}, {"t"}, {});
  EXPECT_EQ(cases[0].file, "t.cpp");
  EXPECT_EQ(cases[0].line, 4);
  EXPECT_EQ(cases[0].tags, (Strings{"a", "b"}));
}

TEST(Catch2Listing, OfVersion2IsNamesWithPlacesAmongOtherOutput) {
  EXPECT_EQ(names_in({kNames, kThreeListed}, {"t"}, {}),
            (Strings{"plain", "odd, [x] \"y\" \\z", "# hash"}));
  const auto cases = *catch2_framework().parse_listing({kNames, kThreeListed}, {"t"}, {});
  EXPECT_EQ(cases[1].file, "a:b.cpp");
  EXPECT_EQ(cases[1].line, 5);
}

TEST(Catch2Listing, OfEarlyVersion3IsNames) {
  EXPECT_EQ(names_in({"plain\nodd, one\n", 0}, {"t"}, {}), (Strings{"plain", "odd, one"}));
}

TEST(Catch2Listing, ThatIsAComplaintIsNone) {
  EXPECT_FALSE(catch2_framework().parse_listing({"Unrecognised token\n", kRefused}, {"t"}, {}));
  EXPECT_FALSE(catch2_framework().parse_listing({kNames, 11}, {"t"}, {}));  // died by a signal
  EXPECT_THROW(names_in({"{", 0}, {"t"}, {}), Error);
  EXPECT_THROW(names_in({"{\"listings\": []}", 0}, {"t"}, {}), Error);
}

TEST(Catch2Shard, KeepsNeighboursTogether) {
  EXPECT_EQ(names_in({kJson, 0}, {"t", "--shard-count", "2", "--shard-index=0"}, {}).size(), 2u);
  EXPECT_EQ(names_in({kJson, 0}, {"t", "--shard-count", "2", "--shard-index", "1"}, {}),
            Strings{"last"});
  EXPECT_EQ(names_in({kJson, 0}, {"t", "--shard-count", "4", "--shard-index", "3"}, {}), Strings{});
  EXPECT_TRUE(catch2_framework().is_sharded({"t", "--shard-count", "4"}, {}));
  EXPECT_FALSE(catch2_framework().is_sharded({"t"}, {"TEST_TOTAL_SHARDS=3", "TEST_SHARD_INDEX=2"}));
  EXPECT_EQ(
      names_in({kJson, 0}, {"t"}, {"BAZEL_TEST=1", "TEST_TOTAL_SHARDS=3", "TEST_SHARD_INDEX=2"}),
      Strings{"last"});
}

TEST(Catch2Shard, RefusesWhatDoesNotFit) {
  EXPECT_THROW(names_in({kJson, 0}, {"t", "--shard-index", "1"}, {}), UsageError);
  EXPECT_THROW(names_in({kJson, 0}, {"t", "--shard-count", "two"}, {}), UsageError);
}

TEST(Catch2Arguments, OfAListingKeepWhatSelectsAndDropResults) {
  const auto commands = catch2_framework().listing_commands(
      {"t", "[a],b", "-r", "junit", "-o=out.xml", "--mine", "5", "-s", "-f", "names"}, "/l");
  EXPECT_EQ(commands[0], (Strings{"t", "[a],b", "--mine", "5", "-s", "-f", "names", "--list-tests",
                                  "--reporter", "json", "--out", "/l"}));
  ASSERT_EQ(commands.size(), 3u);
  EXPECT_EQ(commands[1].back(), "high");
}

TEST(Catch2Arguments, OfAnAttemptSelectOneCaseASectionAndASeed) {
  const auto& attempt = catch2_framework().attempt_arguments;
  EXPECT_EQ(attempt({"t", "[a],b", "-c", "part one", "--order", "rand", "-b", "-a", "-f", "names"},
                    {"x, [y]", "", 0}, false, 6),
            (Strings{"t", "-c", "part one", "-a", "--rng-seed=7", "\"x\\, \\[y\\]\""}));
  // The user's seed counts.
  EXPECT_EQ(attempt({"t", "--rng-seed", "3"}, {"x", "", 0}, false, 6),
            (Strings{"t", "--rng-seed", "3", "\"x\""}));
  // 32 bits, and never zero.
  EXPECT_EQ(attempt({"t"}, {"x", "", 0}, false, 0xffffffff)[1], "--rng-seed=1");
}

TEST(Catch2Arguments, SpecsEscapeWhatMeansSomething) {
  EXPECT_EQ(catch2_exact_spec("a\\b \"c\", [d]"), "\"a\\\\b \\\"c\\\"\\, \\[d\\]\"");
}

TEST(Catch2Arguments, ListingAndHelpAreNotHunted) {
  const auto& runs_no_case = catch2_framework().runs_no_case;
  for (const char* flag : {"-?", "-h", "--help", "-l", "--list-tests", "--list-tags",
                           "--list-test-names-only", "--list-reporters", "--libidentify"}) {
    EXPECT_TRUE(runs_no_case({"t", flag}, {})) << flag;
  }
  EXPECT_FALSE(runs_no_case({"-h", "a"}, {}));
  EXPECT_FALSE(runs_no_case({"t", "-c", "-h"}, {}));  // the name of a section
}

}  // namespace
}  // namespace ttrace
