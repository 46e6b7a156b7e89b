#include "trace/info.h"

#include <gtest/gtest.h>

#include <string>

#include "base/error.h"
#include "samples.h"

namespace ttrace {
namespace {

TEST(Info, ComesBackAsItWas) {
  const TraceInfo info = test::sample_info();
  const TraceInfo back = trace_info_from_json(to_json(info));
  EXPECT_EQ(back.writer, info.writer);
  EXPECT_EQ(back.framework, info.framework);
  EXPECT_EQ(back.case_name, info.case_name);
  EXPECT_EQ(back.verdict, info.verdict);
  EXPECT_EQ(back.seed, info.seed);
  EXPECT_EQ(back.attempt, info.attempt);
  EXPECT_EQ(back.command, info.command);
  EXPECT_EQ(back.directory, info.directory);
  EXPECT_EQ(back.environment_names, info.environment_names);
  EXPECT_EQ(back.host, info.host);
  EXPECT_EQ(back.exit_status, info.exit_status);
  EXPECT_EQ(back.duration_us, info.duration_us);
  ASSERT_TRUE(back.failure);
  EXPECT_EQ(back.failure->file, info.failure->file);
  EXPECT_EQ(back.failure->line, info.failure->line);
  EXPECT_EQ(back.failure->message, info.failure->message);
  EXPECT_EQ(back.failure->event, info.failure->event);
  EXPECT_EQ(back.failure->tid, info.failure->tid);
}

TEST(Info, WithoutFailure) { EXPECT_FALSE(trace_info_from_json(to_json(TraceInfo{})).failure); }

TEST(Info, BytesThatAreNoTextDoNotLoseTheTrace) {
  TraceInfo info;
  info.command = {
      "a\xff"
      "b"};
  EXPECT_EQ(trace_info_from_json(to_json(info)).command[0],
            "a\xef\xbf\xbd"
            "b");
}

TEST(Info, MembersOfLaterVersionsAreIgnored) {
  std::string text = to_json(test::sample_info());
  text.insert(1, "\"later\":{\"x\":[1,2,{}]},");
  EXPECT_EQ(trace_info_from_json(text).case_name, "Queue.Race");
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

TEST(Info, OtherTextsAreRefused) {
  const std::string good = to_json(test::sample_info());
  const std::string table[] = {
      "",
      "x",
      "[]",
      "{}",
      "{\"writer\":1}",
      good + "x",
      good.substr(0, good.size() - 1),
      std::string(100000, '['),
      replaced(good, "\"attempt\":37", "\"attempt\":3e300"),
      replaced(good, "\"attempt\":37", "\"attempt\":2147483648"),
      replaced(good, "\"attempt\":37", "\"attempt\":null"),
      replaced(good, "\"seed\":18446744073709551615", "\"seed\":-1"),
      replaced(good, "\"PATH\"", "7"),
      replaced(good, "\"line\":42", "\"line\":\"42\""),
      replaced(good, "\"writer\"", "\"Writer\""),
  };
  for (const std::string& text : table) {
    EXPECT_THROW(trace_info_from_json(text), TraceError) << text.substr(0, 80);
  }
}

}  // namespace
}  // namespace ttrace
