#include "cli/report_page.h"

#include <gtest/gtest.h>

namespace ttrace {
namespace {

Report report() {
  Report report;
  report.title = "ttrace: .ttrace";
  report.cases = {{"Queue.Race", 2, 500, 3, 4000, "failed"},
                  {"Queue.Push", 1, 500, 0, 100, "passed"}};
  Report::Failure failure;
  failure.trace = "Queue.Race-1.ttrace";
  failure.case_name = "Queue.Race";
  failure.verdict = "failed";
  failure.message = "<script>alert(1)</script>";
  failure.place = "/src/queue_test.cpp:42";
  failure.source = {{41, "if (a < b) {", false}, {42, "EXPECT_TRUE(x);", true}};
  failure.stacks = {
      {7, false, {{"pop", "", 0}}},
      {3, true, {{"report", "/gtest.cc", 1}, {"TestBody", "/src/queue_test.cpp", 42}}}};
  failure.output = "\x1b[31mred";
  failure.debug_command = "ttrace replay x";
  report.failures = {failure};
  return report;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(ReportPage, TellsRatesAndFailures) {
  const std::string html = report_html(report());
  EXPECT_TRUE(has(html, "0.60 % (95 %: 0.12 % to 1.8 %)")) << html;
  EXPECT_TRUE(has(html, "under 0.60 % with 95 % confidence"));
  EXPECT_TRUE(has(html, "<span class=\"failed\">   42  EXPECT_TRUE(x);</span>"));
  EXPECT_TRUE(has(html, "thread 3, <span class=\"bad\">failed here</span>"));
  EXPECT_TRUE(has(html, "<span class=\"failed\">#1   TestBody"));
  EXPECT_LT(html.find("thread 3"), html.find("thread 7")) << "the one that failed comes first";
}

TEST(ReportPage, TakesNothingOfATestForItsOwn) {
  const std::string html = report_html(report());
  EXPECT_FALSE(has(html, "<script"));
  EXPECT_TRUE(has(html, "&lt;script&gt;"));
  EXPECT_TRUE(has(html, "default-src 'none'"));
  EXPECT_FALSE(has(html, "\x1b"));
}

TEST(ReportPage, SaysWhyATraceCannotBeShown) {
  Report damaged = report();
  damaged.failures[0].problem = "x.ttrace is incomplete";
  EXPECT_TRUE(has(report_html(damaged), "x.ttrace is incomplete"));
}

}  // namespace
}  // namespace ttrace
