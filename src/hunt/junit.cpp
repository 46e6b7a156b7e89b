#include <fmt/format.h>

#include "hunt/suites.h"
#include "hunt/xml_text.h"

namespace ttrace {
namespace {

using Outcome = CaseResult::Outcome;

std::string attribute(const char* name, const std::string& value) {
  std::string text = xml_text(value);
  // A line break in an attribute becomes a blank when it is read, unless it is spelled out.
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos;) {
    text.replace(at, 1, "&#10;");
  }
  return fmt::format(" {}=\"{}\"", name, text);
}

double seconds(std::chrono::milliseconds time) { return double(time.count()) / 1000; }

// What did not run to its end is "skipped" to those who read it.
std::string counts_text(const CaseCounts& counts) {
  return fmt::format(R"( tests="{}" failures="{}" errors="{}" skipped="{}" time="{:.3f}")",
                     counts.cases, counts.failures, counts.errors,
                     counts.skipped + counts.not_finished, seconds(counts.time));
}

// What does not say anything about the test is no failure of it.
std::string why_not_run(const CaseResult& result) {
  switch (result.outcome) {
    case Outcome::skipped:
      return result.detail;
    case Outcome::interrupted:
      return "interrupted by the user";
    case Outcome::not_run:
      return "the time was up";
    default:
      return "";
  }
}

// Where several failures were kept, readers show the first element only.
std::string failure_element(const CaseResult& result) {
  if (result.kept.empty()) return "      <failure message=\"failed\"/>\n";
  const KeptFailure& first = result.kept.front();
  std::string details;
  for (const KeptFailure& failure : result.kept) {
    details += failure_headline(failure) + "\n" + failure_details(result, failure);
  }
  return "      <failure" + attribute("message", failure_headline(first)) +
         attribute("type", verdict_name(first.verdict.kind)) + ">" + xml_text(details) +
         "</failure>\n";
}

// Output, and the marks by which GitLab and Jenkins find files that belong to a test.
std::string output_element(const CaseResult& result) {
  std::string text;
  for (const KeptFailure& failure : result.kept) {
    text += failure.output;
    if (!text.empty() && text.back() != '\n') text += '\n';
    if (failure.trace.path) text += "[[ATTACHMENT|" + *failure.trace.path + "]]\n";
  }
  return text.empty() ? "" : "      <system-out>" + xml_text(text) + "</system-out>\n";
}

std::string case_element(const HuntSummary& summary, const CaseResult& result) {
  const CaseName name = split_case_name(summary, result.test.name);
  std::string text = "    <testcase" + attribute("name", name.test) +
                     attribute("classname", name.suite) +
                     fmt::format(" time=\"{:.3f}\"", seconds(result.time));
  if (!result.test.file.empty()) {
    text += attribute("file", result.test.file) + fmt::format(" line=\"{}\"", result.test.line);
  }
  std::string inside;
  if (result.outcome == Outcome::failed) {
    inside = failure_element(result) + output_element(result);
  } else if (result.outcome == Outcome::not_recordable) {
    inside = "      <error" + attribute("message", "not recordable: " + result.detail) +
             " type=\"not recordable\"/>\n";
  } else if (result.outcome != Outcome::passed) {
    inside = "      <skipped" + attribute("message", why_not_run(result)) + "/>\n";
  }
  return text + (inside.empty() ? "/>\n" : ">\n" + inside + "    </testcase>\n");
}

}  // namespace

std::string to_junit(const HuntSummary& summary) {
  const std::vector<SuiteResult> suites = suites_of(summary);
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" +
                     attribute("name", summary.program) + counts_text(count_cases(suites)) + ">\n";
  for (const SuiteResult& suite : suites) {
    text += "  <testsuite" + attribute("name", suite.name) + counts_text(count_cases(suite.cases)) +
            attribute("timestamp", utc_text(summary.began)) + ">\n";
    for (const CaseResult* result : suite.cases) text += case_element(summary, *result);
    text += "  </testsuite>\n";
  }
  return text + "</testsuites>\n";
}

}  // namespace ttrace
