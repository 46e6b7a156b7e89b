#include "hunt/gtest.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "hunt/cases.h"
#include "hunt/lab.h"

namespace ttrace {
namespace {

using Strings = std::vector<std::string>;

// What GoogleTest 1.12 writes, shortened.
constexpr const char* kListing = R"({
  "tests": 6, "name": "AllTests",
  "testsuites": [
    {"name": "A", "tests": 2, "testsuite": [
      {"name": "B", "file": "t.cpp", "line": 2},
      {"name": "DISABLED_C", "file": "t.cpp", "line": 3}]},
    {"name": "DISABLED_S", "tests": 1, "testsuite": [{"name": "X", "file": "t.cpp", "line": 5}]},
    {"name": "T1\/0", "tests": 1, "testsuite": [
      {"name": "Z", "type_param": "int", "file": "t.cpp", "line": 14}]},
    {"name": "Inst\/P", "tests": 2, "testsuite": [
      {"name": "Q\/0", "value_param": "1", "file": "t.cpp", "line": 7},
      {"name": "Q\/1", "value_param": "2", "file": "t.cpp", "line": 7}]}
  ]
})";

Strings names_in(const Strings& arguments, const Environment& environment,
                 const std::string& listing = kListing) {
  Strings names;
  const auto cases = gtest_framework().parse_listing({listing, 0}, arguments, environment);
  if (!cases) return {"no listing"};
  for (const TestCase& test : *cases) {
    names.push_back(test.name);
  }
  return names;
}

TEST(GtestListing, NamesParametrisedAndTypedCasesAndLeavesDisabledOnesOut) {
  EXPECT_EQ(names_in({"t"}, {}), (Strings{"A.B", "T1/0.Z", "Inst/P.Q/0", "Inst/P.Q/1"}));
  const auto cases = *gtest_framework().parse_listing({kListing, 0}, {"t"}, {});
  EXPECT_EQ(cases[0].file, "t.cpp");
  EXPECT_EQ(cases[0].line, 2);
}

TEST(GtestListing, HasDisabledCasesWhenAskedByFlagOrEnvironment) {
  EXPECT_EQ(names_in({"t", "--gtest_also_run_disabled_tests"}, {}).size(), 6u);
  EXPECT_EQ(names_in({"t"}, {"GTEST_ALSO_RUN_DISABLED_TESTS=1"}).size(), 6u);
  EXPECT_EQ(names_in({"t"}, {"GTEST_ALSO_RUN_DISABLED_TESTS=0"}).size(), 4u);
  EXPECT_EQ(names_in({"t", "--gtest_also_run_disabled_tests=false"}, {}).size(), 4u);
  // The command line wins.
  EXPECT_EQ(
      names_in({"t", "--gtest_also_run_disabled_tests=0"}, {"GTEST_ALSO_RUN_DISABLED_TESTS=1"})
          .size(),
      4u);
}

TEST(GtestListing, SurvivesValuesThatAreNoUtf8) {
  const std::string listing =
      "{\"testsuites\":[{\"name\":\"S\",\"testsuite\":[{\"name\":\"T\",\"value_param\":"
      "\"\xff\xfe\","
      "\"file\":\"t.cpp\",\"line\":1}]}]}";
  EXPECT_EQ(names_in({"t"}, {}, listing), Strings{"S.T"});
}

TEST(GtestListing, IsAnErrorWhenItIsSomethingElse) {
  EXPECT_FALSE(gtest_framework().parse_listing({"no json", 0}, {"t"}, {}));
  EXPECT_FALSE(gtest_framework().parse_listing({"", 0}, {"t"}, {}));
  EXPECT_FALSE(gtest_framework().parse_listing({kListing, 256}, {"t"}, {}));
  EXPECT_THROW(names_in({"t"}, {}, "{no json"), Error);
  EXPECT_THROW(names_in({"t"}, {}, R"({"testsuites":[{"name":3}]})"), Error);
}

TEST(GtestShard, DealsOutRunnableCasesInTurn) {
  EXPECT_EQ(names_in({"t"}, {"GTEST_TOTAL_SHARDS=3", "GTEST_SHARD_INDEX=0"}),
            (Strings{"A.B", "Inst/P.Q/1"}));
  EXPECT_EQ(names_in({"t"}, {"GTEST_TOTAL_SHARDS=3", "GTEST_SHARD_INDEX=1"}), Strings{"T1/0.Z"});
  EXPECT_EQ(names_in({"t"}, {"GTEST_TOTAL_SHARDS=3", "GTEST_SHARD_INDEX=2"}),
            Strings{"Inst/P.Q/0"});
}

TEST(GtestShard, RefusesWhatDoesNotFit) {
  EXPECT_THROW(gtest_shard({"GTEST_TOTAL_SHARDS=2"}), UsageError);
  EXPECT_THROW(gtest_shard({"GTEST_SHARD_INDEX=0"}), UsageError);
  EXPECT_THROW(gtest_shard({"GTEST_TOTAL_SHARDS=2", "GTEST_SHARD_INDEX=2"}), UsageError);
  EXPECT_THROW(gtest_shard({"GTEST_TOTAL_SHARDS=two", "GTEST_SHARD_INDEX=0"}), UsageError);
  EXPECT_EQ(gtest_shard({}).total, 1u);
}

TEST(GtestDisabled, FollowsTheFrameworksRule) {
  EXPECT_TRUE(gtest_is_disabled("S", "DISABLED_T"));
  EXPECT_TRUE(gtest_is_disabled("DISABLED_S", "T"));
  EXPECT_TRUE(gtest_is_disabled("Inst/DISABLED_S", "T/0"));
  EXPECT_FALSE(gtest_is_disabled("NotDISABLED_S", "XDISABLED_T"));
}

TEST(GtestFlag, TheLastOneCountsAndTheEnvironmentIsSecond) {
  EXPECT_EQ(gtest_flag({"t", "--gtest_filter=a", "--gtest_filter=b"}, {}, "filter"), "b");
  EXPECT_EQ(gtest_flag({"t", "-gtest_filter=a"}, {}, "filter"), "a");
  EXPECT_EQ(gtest_flag({"t"}, {"GTEST_FILTER=c"}, "filter"), "c");
  EXPECT_EQ(gtest_flag({"t", "--gtest_filters=a"}, {}, "filter"), std::nullopt);
  // argv[0] is no flag.
  EXPECT_EQ(gtest_flag({"--gtest_filter=a"}, {}, "filter"), std::nullopt);
}

TEST(GtestArguments, OfAListingKeepTheUsersFilter) {
  EXPECT_EQ(gtest_framework().listing_commands(
                {"t", "--gtest_filter=A.*", "--gtest_repeat=3", "--mine", "--gtest_output=xml:o"},
                "/l")[0],
            (Strings{"t", "--mine", "--gtest_list_tests", "--gtest_output=json:/l",
                     "--gtest_filter=A.*"}));
}

TEST(GtestArguments, OfAnAttemptSelectExactlyOneCaseBeforeADoubleDash) {
  const Strings given = {"t",
                         "--gtest_filter=*",
                         "--gtest_shuffle",
                         "--gtest_break_on_failure",
                         "--one",
                         "--gtest_brief=1",
                         "--",
                         "two"};
  EXPECT_EQ(gtest_framework().attempt_arguments(given, {"A.B", "", 0}, false, 7),
            (Strings{"t", "--one", "--gtest_brief=1", "--gtest_filter=A.B", "--", "two"}));
  EXPECT_EQ(gtest_framework().attempt_arguments({"t"}, {"A.DISABLED_B", "", 0}, true, 7),
            (Strings{"t", "--gtest_filter=A.DISABLED_B", "--gtest_also_run_disabled_tests",
                     "--gtest_color=yes"}));
  EXPECT_EQ(gtest_framework().attempt_arguments({"t", "--gtest_color=no"}, {"A.B", "", 0}, true, 7),
            (Strings{"t", "--gtest_color=no", "--gtest_filter=A.B"}));
}

TEST(GtestArguments, NamesThatAFilterWouldMisreadUseItsWildcard) {
  EXPECT_EQ(gtest_exact_filter("Inst/P.Q/0"), "Inst/P.Q/0");
  EXPECT_EQ(gtest_exact_filter("T/std::x-y.Z"), "T/std??x?y.Z");
}

TEST(GtestArguments, ListingAndHelpAreNotHunted) {
  const auto& runs_no_case = gtest_framework().runs_no_case;
  EXPECT_TRUE(runs_no_case({"t", "--gtest_list_tests"}, {}));
  EXPECT_TRUE(runs_no_case({"t", "--gtest_help"}, {}));
  EXPECT_TRUE(runs_no_case({"t", "--help"}, {}));
  EXPECT_TRUE(runs_no_case({"t"}, {"GTEST_LIST_TESTS=1"}));
  EXPECT_FALSE(runs_no_case({"t", "--gtest_list_tests=0"}, {}));
  EXPECT_FALSE(runs_no_case({"--help", "--gtest_filter=x"}, {}));
}

TEST(AttemptProgram, HidesShardsResultFilesAndUsFromTheTest) {
  TestBinary binary{&gtest_framework(),
                    "/bin/t",
                    {"t"},
                    {"HOME=/h", "GTEST_TOTAL_SHARDS=2", "GTEST_SHARD_INDEX=0", "XML_OUTPUT_FILE=x",
                     "TESTBRIDGE_TEST_ONLY=*", "GTEST_OUTPUT=xml", "GTEST_FILTER=A*",
                     "GTEST_RANDOM_SEED=3", "TTRACE_EXECUTABLE=/bin/t"}};
  const Program program = attempt_program(binary, {"A.B", "", 0}, false, 7);
  EXPECT_EQ(program.environment,
            (Strings{"HOME=/h", "GTEST_RANDOM_SEED=3", "TTRACE_SUPERVISED=1"}));
  EXPECT_EQ(program.path, "/bin/t");
}

TEST(AttemptProgram, ShowsColorsOnlyToTerminalsThatWantThem) {
  TestBinary binary{&gtest_framework(), "/bin/t", {"t"}, {}};
  EXPECT_EQ(attempt_program(binary, {"A.B", "", 0}, true, 7).arguments.back(), "--gtest_color=yes");
  binary.environment = {"NO_COLOR=1"};
  EXPECT_EQ(attempt_program(binary, {"A.B", "", 0}, true, 7).arguments.back(),
            "--gtest_filter=A.B");
}

TEST(Frameworks, AreFoundByName) {
  EXPECT_EQ(find_framework("gtest"), &gtest_framework());
  EXPECT_EQ(find_framework("other"), nullptr);
}

}  // namespace
}  // namespace ttrace
