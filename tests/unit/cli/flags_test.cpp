#include "cli/flags.h"

#include <gtest/gtest.h>

#include <set>

#include "cli/values.h"

namespace ttrace {
namespace {

using Strings = std::vector<std::string>;
using std::chrono::milliseconds;

std::string error_of(const Strings& arguments, const Environment& environment = {}) {
  try {
    parse_binary_flags(arguments, environment);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(Values, Durations) {
  EXPECT_EQ(parse_duration("10"), milliseconds(10000));
  EXPECT_EQ(parse_duration("2.5s"), milliseconds(2500));
  EXPECT_EQ(parse_duration("500ms"), milliseconds(500));
  EXPECT_EQ(parse_duration("2m"), milliseconds(120000));
  EXPECT_EQ(parse_duration("1h"), milliseconds(3600000));
  EXPECT_EQ(parse_duration("0"), milliseconds(0));
  EXPECT_EQ(parse_duration("0.1ms"), milliseconds(1));  // not "no limit"
  for (const char* bad : {"", "s", "-1", "1 s", "1.2.3", "10x", "1e3", "nan", "inf", "1s2", "1e99",
                          "99999999999999999999h", ".", "+5"}) {
    EXPECT_EQ(parse_duration(bad), std::nullopt) << bad;
  }
}

TEST(Values, Numbers) {
  EXPECT_EQ(parse_number("18446744073709551615"), 18446744073709551615u);
  for (const char* bad : {"", "-1", "+1", "1 ", "0x10", "18446744073709551616", "1.0"}) {
    EXPECT_EQ(parse_number(bad), std::nullopt) << bad;
  }
}

TEST(Values, EditDistance) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("abc", ""), 3u);
  EXPECT_EQ(edit_distance("record", "record"), 0u);
  EXPECT_EQ(edit_distance("recrod", "record"), 1u);
  EXPECT_EQ(edit_distance("relay", "replay"), 1u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(Flags, AreTakenOutOfTheCommandLine) {
  const BinaryFlags parsed = parse_binary_flags(
      {"./t", "--ttrace-until-fail=500", "--gtest_filter=A*", "--ttrace-timeout=2.5s", "file"}, {});
  EXPECT_EQ(parsed.rest, (Strings{"./t", "--gtest_filter=A*", "file"}));
  EXPECT_EQ(parsed.flags.number("until-fail"), 500u);
  EXPECT_EQ(parsed.flags.duration("timeout"), milliseconds(2500));
  EXPECT_TRUE(parsed.flags.from_command_line("timeout"));
}

TEST(Flags, HaveDefaults) {
  const BinaryFlags parsed = parse_binary_flags({"./t", "--ttrace-record"}, {});
  EXPECT_TRUE(parsed.flags.is_on("record"));
  EXPECT_EQ(parsed.flags.duration("timeout"), milliseconds(60000));
  EXPECT_EQ(parsed.flags.text("dir"), ".ttrace");
  EXPECT_FALSE(parsed.flags.has("seed"));
  EXPECT_EQ(FlagSet(kRecordTool).duration("timeout"), milliseconds(0));
}

TEST(Flags, EndAtADoubleDashAndAreNoProgramName) {
  const BinaryFlags parsed =
      parse_binary_flags({"--ttrace-odd", "--", "--ttrace-record", "--ttrace-nonsense"}, {});
  EXPECT_EQ(parsed.rest.size(), 4u);
  EXPECT_FALSE(parsed.flags.has("record"));
}

TEST(Flags, TheCommandLineWinsOverTheEnvironment) {
  const Environment environment = {"TTRACE_TIMEOUT=5", "TTRACE_DIR=/d", "TTRACE_SEED="};
  const BinaryFlags parsed =
      parse_binary_flags({"./t", "--ttrace-record", "--ttrace-timeout=7"}, environment);
  EXPECT_EQ(parsed.flags.duration("timeout"), milliseconds(7000));
  EXPECT_EQ(parsed.flags.text("dir"), "/d");
  EXPECT_FALSE(parsed.flags.from_command_line("dir"));
  EXPECT_FALSE(parsed.flags.has("seed"));
}

TEST(Flags, AModeOnTheCommandLineHidesModesOfTheEnvironment) {
  const BinaryFlags parsed =
      parse_binary_flags({"./t", "--ttrace-replay=f"}, {"TTRACE_UNTIL_FAIL=5"});
  EXPECT_FALSE(parsed.flags.has("until-fail"));
  EXPECT_TRUE(parse_binary_flags({"./t"}, {"TTRACE_UNTIL_FAIL=5"}).flags.has("until-fail"));
}

TEST(Flags, SwitchesCanBeTurnedOff) {
  EXPECT_FALSE(parse_binary_flags({"./t"}, {"TTRACE_RECORD=0"}).flags.is_on("record"));
  EXPECT_TRUE(parse_binary_flags({"./t"}, {"TTRACE_RECORD=1"}).flags.is_on("record"));
  EXPECT_FALSE(parse_binary_flags({"./t", "--ttrace-record=no"}, {}).flags.is_on("record"));
}

TEST(Flags, RepeatOnlyWhereTheyMay) {
  const BinaryFlags parsed = parse_binary_flags(
      {"./t", "--ttrace-ex=bt", "--ttrace-ex=p x", "--ttrace-dir=a", "--ttrace-dir=b"}, {});
  EXPECT_EQ(parsed.flags.texts("ex"), (Strings{"bt", "p x"}));
  EXPECT_EQ(parsed.flags.text("dir"), "b");
}

TEST(Flags, AnUnknownOneNamesTheNearest) {
  EXPECT_EQ(error_of({"./t", "--ttrace-untl-fail=5"}),
            "unknown flag --ttrace-untl-fail: did you mean --ttrace-until-fail? (--ttrace-help "
            "lists all)");
  EXPECT_NE(error_of({"./t", "--ttrace-recrod"}).find("--ttrace-record?"), std::string::npos);
  // Rows of the tool are none of the binary.
  EXPECT_NE(error_of({"./t", "--ttrace-attempts=5"}), "");
}

TEST(Flags, AMalformedValueNamesTheFlagAndWhatItExpects) {
  EXPECT_EQ(error_of({"./t", "--ttrace-until-fail=many"}),
            "--ttrace-until-fail expects a number from 1 to 1000000000, like 500, not \"many\"");
  EXPECT_EQ(error_of({"./t", "--ttrace-until-fail"}),
            "--ttrace-until-fail expects a number from 1 to 1000000000, like 500");
  EXPECT_NE(error_of({"./t", "--ttrace-until-fail=0"}), "");
  EXPECT_NE(error_of({"./t", "--ttrace-seed=-1"}), "");
  EXPECT_NE(error_of({"./t", "--ttrace-replay="}), "");
  EXPECT_NE(error_of({"./t", "--ttrace-record=maybe"}), "");
  EXPECT_EQ(error_of({"./t"}, {"TTRACE_TIMEOUT=soon"}),
            "TTRACE_TIMEOUT expects a time like 10, 2.5s, 500ms or 2m, not \"soon\"");
}

TEST(Flags, TwinsNeverNameAVariableThatMeansSomethingElse) {
  std::set<std::string> names;
  for (const FlagRow& row : flag_rows()) names.insert(environment_twin(row));
  EXPECT_TRUE(names.contains("TTRACE_UNTIL_FAIL"));
  for (const char* other :
       {"TTRACE", "TTRACE_SUPERVISED", "TTRACE_EXECUTABLE", "TTRACE_CACHE_DIR"}) {
    EXPECT_FALSE(names.contains(other)) << other;
  }
}

TEST(Flags, HelpNamesEveryFlagOfTheBinary) {
  const std::string help = binary_help();
  for (const FlagRow& row : flag_rows()) {
    const bool named = help.find(std::string("--ttrace-") + row.name) != std::string::npos;
    EXPECT_EQ(named, find_flag(row.name, kInBinary) != nullptr) << row.name;
  }
}

}  // namespace
}  // namespace ttrace
