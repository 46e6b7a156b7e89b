#include "hunt/summary.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "hunt/xml_text.h"

namespace ttrace {
namespace {

CaseResult case_result(const std::string& name, CaseResult::Outcome outcome) {
  CaseResult result;
  result.test.name = name;
  result.test.file = "/src/queue_test.cpp";
  result.test.line = 40;
  result.outcome = outcome;
  result.attempts = 37;
  result.time = std::chrono::milliseconds(1500);
  return result;
}

HuntSummary summary() {
  HuntSummary summary;
  summary.writer = "ttrace 0";
  summary.program = "/build/tests";
  summary.framework = "gtest";
  summary.seed = 7;
  CaseResult failed = case_result("Queue.Race", CaseResult::Outcome::failed);
  failed.failures = 1;
  failed.sampling = Sampling::until_it_failed;
  KeptFailure failure;
  failure.attempt = 37;
  failure.verdict.kind = Verdict::Kind::failed;
  failure.verdict.failure =
      Failure{"/src/queue_test.cpp", 42, "a < b:\n\"x\" & ]]>", EventNumber(1184), Tid(3)};
  failure.output = "out\x01\xff\n";
  failure.trace.path = "d/Queue.Race-1.ttrace";
  failure.debug_command = "./tests --ttrace-replay=d/Queue.Race-1.ttrace";
  failed.kept.push_back(failure);
  CaseResult odd = case_result("Queue.Odd", CaseResult::Outcome::not_recordable);
  odd.detail = "system call io_submit";
  CaseResult skipped = case_result("Other.Skip", CaseResult::Outcome::skipped);
  skipped.skipped = skipped.attempts = 1;
  skipped.detail = "no network";
  summary.results.cases = {failed, case_result("Queue.Push", CaseResult::Outcome::passed), odd,
                           skipped};
  return summary;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(XmlText, EscapesAndReplacesWhatXmlCannotSay) {
  EXPECT_EQ(xml_text("a<b>&\"'"), "a&lt;b&gt;&amp;&quot;&#39;");
  EXPECT_EQ(xml_text("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80"),
            "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80");
  const std::string gone = "\xef\xbf\xbd";
  EXPECT_EQ(xml_text("\x1b[31m"), gone + "[31m");
  EXPECT_EQ(xml_text("\xff"), gone);
  EXPECT_EQ(xml_text("\xc3"), gone) << "cut off";
  EXPECT_EQ(xml_text("\xc0\xaf"), gone + gone) << "longer than necessary";
  EXPECT_EQ(xml_text("\xed\xa0\x80"), gone + gone + gone) << "half of a pair";
  EXPECT_EQ(xml_text("\xef\xbf\xbf"), gone + gone + gone) << "no character";
}

TEST(Junit, HasSuitesCasesAndWhatTheySaid) {
  const std::string text = to_junit(summary());
  EXPECT_TRUE(has(text, R"(<testsuites name="/build/tests" tests="4" failures="1" errors="1" )"
                        R"(skipped="1" time="6.000">)"))
      << text;
  EXPECT_TRUE(
      has(text, R"(<testsuite name="Queue" tests="3" failures="1" errors="1" skipped="0")"));
  EXPECT_TRUE(has(text, R"(<testcase name="Race" classname="Queue" time="1.500")"));
  EXPECT_TRUE(has(text,
                  "<failure message=\"failed on attempt 37: a &lt; b:&#10;&quot;x&quot; &amp; "
                  "]]&gt;\" type=\"failed\">"))
      << text;
  EXPECT_TRUE(has(text, "[[ATTACHMENT|d/Queue.Race-1.ttrace]]"));
  EXPECT_TRUE(has(text, R"(<error message="not recordable: system call io_submit")"))
      << "no failure of the test";
  EXPECT_TRUE(has(text, R"(<skipped message="no network"/>)"));
}

TEST(Junit, NamesTheProgramWhereCasesHaveNoSuites) {
  HuntSummary other = summary();
  other.framework = "catch2";
  EXPECT_TRUE(has(to_junit(other), R"(<testcase name="Queue.Push" classname="tests")"));
}

TEST(GtestResults, AreInGoogleTestsWords) {
  const std::string xml = to_gtest_xml(summary());
  EXPECT_TRUE(has(xml, R"(<testsuites tests="4" failures="1" disabled="0" errors="1" time="6")"));
  EXPECT_TRUE(has(xml, R"(status="run" result="completed" time="1.5")"));
  EXPECT_TRUE(has(xml, "<![CDATA[/src/queue_test.cpp:42\na < b:\n\"x\" & ]]>]]&gt;<![CDATA[]]>"))
      << xml;
  const auto json = nlohmann::json::parse(to_gtest_json(summary()));
  EXPECT_EQ(json.at("tests"), 4);
  EXPECT_EQ(json.at("testsuites").at(0).at("testsuite").at(0).at("failures").at(0).at("failure"),
            "/src/queue_test.cpp:42\na < b:\n\"x\" & ]]>");
  EXPECT_EQ(json.at("testsuites").at(1).at("testsuite").at(0).at("result"), "SKIPPED");
}

TEST(HuntJson, HasRatesAndTraces) {
  const auto json = nlohmann::json::parse(to_json(summary()));
  const auto& failed = json.at("cases").at(0);
  EXPECT_EQ(failed.at("outcome"), "failed");
  EXPECT_EQ(failed.at("kept").at(0).at("trace"), "d/Queue.Race-1.ttrace");
  EXPECT_NEAR(failed.at("failure_rate").at("rate").get<double>(), 1.0 / 37, 1e-12);
  EXPECT_FALSE(json.at("cases").at(3).contains("failure_rate")) << "it never ran";
}

TEST(Annotations, AreLinesAtThePlace) {
  const std::string text = github_annotations(summary(), "/src");
  EXPECT_TRUE(
      has(text, "::error file=queue_test.cpp,line=42,title=Queue.Race failed on attempt 37::"))
      << text;
  EXPECT_TRUE(has(text, "%0A"));
  EXPECT_TRUE(has(text,
                  "::warning file=queue_test.cpp,line=40,title=Queue.Odd could not be recorded"
                  "::system call io_submit\n"));
  EXPECT_EQ(std::ranges::count(text, '\n'), 2);
  EXPECT_TRUE(has(github_annotations(summary(), "/elsewhere"), "file=/src/queue_test.cpp"));
}

TEST(UtcText, IsThatOfAKnownMoment) {
  EXPECT_EQ(utc_text(std::chrono::system_clock::from_time_t(1764352800)), "2025-11-28T18:00:00Z");
}

}  // namespace
}  // namespace ttrace
