// GoogleTest writes its result file when everything has run: after a crash there is none, and with
// a process for each attempt there would be many. So the hunt writes it, in GoogleTest's words
// (those of 1.12).
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "hunt/suites.h"
#include "hunt/xml_text.h"

namespace ttrace {
namespace {

using Outcome = CaseResult::Outcome;
using Json = nlohmann::ordered_json;

std::string seconds_text(std::chrono::milliseconds time) {
  return fmt::format("{}", double(time.count()) / 1000);
}

// "file:line\nmessage", as GoogleTest says it; "unknown file" where there is none.
std::string failure_text(const KeptFailure& failure) {
  std::string where = "unknown file", what = to_string(failure.verdict);
  if (const auto& place = failure.verdict.failure) {
    if (!place->file.empty()) where = fmt::format("{}:{}", place->file, place->line);
    what = place->message;
  }
  return where + "\n" + what;
}

bool ran(const CaseResult& result) {
  return result.outcome != Outcome::not_run && result.outcome != Outcome::interrupted;
}

const char* result_word(const CaseResult& result) {
  if (!ran(result)) return "suppressed";
  return result.outcome == Outcome::skipped ? "skipped" : "completed";
}

std::string attribute(const char* name, const std::string& value) {
  std::string text = xml_text(value);
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos;) {
    text.replace(at, 1, "&#x0A;");
  }
  return fmt::format(" {}=\"{}\"", name, text);
}

// The contents of a CDATA section cannot have its end mark: it ends there and begins anew.
std::string cdata(std::string text) {
  for (std::size_t at = 0; (at = text.find("]]>", at)) != std::string::npos; at += 12) {
    text.replace(at, 3, "]]>]]&gt;<![CDATA[");
  }
  return "<![CDATA[" + text + "]]>";
}

// What XML cannot say is taken out; the rest stays as it is, for a CDATA section.
std::string clean(const std::string& text) {
  std::string escaped = xml_text(text);
  const std::pair<const char*, const char*> entities[] = {
      {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#39;", "'"}, {"&amp;", "&"}};
  for (const auto& [entity, plain] : entities) {
    const std::string from = entity, to = plain;
    for (std::size_t at = 0; (at = escaped.find(from, at)) != std::string::npos; at += to.size()) {
      escaped.replace(at, from.size(), to);
    }
  }
  return escaped;
}

std::string case_element(const HuntSummary& summary, const CaseResult& result) {
  const CaseName name = split_case_name(summary, result.test.name);
  std::string text = "    <testcase" + attribute("name", name.test);
  if (!result.test.value_param.empty()) {
    text += attribute("value_param", result.test.value_param);
  }
  if (!result.test.type_param.empty()) text += attribute("type_param", result.test.type_param);
  text += attribute("file", result.test.file) +
          fmt::format(R"( line="{}" status="{}" result="{}" time="{}" timestamp="{}")",
                      result.test.line, ran(result) ? "run" : "notrun", result_word(result),
                      seconds_text(result.time), utc_text(summary.began)) +
          attribute("classname", name.suite);
  std::string inside;
  for (const KeptFailure& failure : result.kept) {
    inside += "      <failure" + attribute("message", failure_text(failure)) + " type=\"\">" +
              cdata(clean(failure_text(failure))) + "</failure>\n";
  }
  if (result.outcome == Outcome::skipped) {
    inside += "      <skipped" + attribute("message", result.detail) + "></skipped>\n";
  }
  if (result.outcome == Outcome::not_recordable) {
    inside += "      <error" + attribute("message", "not recordable: " + result.detail) +
              " type=\"ttrace\"/>\n";
  }
  return text + (inside.empty() ? " />\n" : ">\n" + inside + "    </testcase>\n");
}

Json json_of(const HuntSummary& summary, const CaseResult& result) {
  const CaseName name = split_case_name(summary, result.test.name);
  Json json = {{"name", name.test}};
  if (!result.test.value_param.empty()) json["value_param"] = result.test.value_param;
  if (!result.test.type_param.empty()) json["type_param"] = result.test.type_param;
  std::string word = result_word(result);
  std::ranges::transform(word, word.begin(), [](char c) { return char(c - 'a' + 'A'); });
  json["file"] = result.test.file;
  json["line"] = result.test.line;
  json["status"] = ran(result) ? "RUN" : "NOTRUN";
  json["result"] = word;
  json["timestamp"] = utc_text(summary.began);
  json["time"] = seconds_text(result.time) + "s";
  json["classname"] = name.suite;
  for (const KeptFailure& failure : result.kept) {
    json["failures"].push_back({{"failure", failure_text(failure)}, {"type", ""}});
  }
  return json;
}

Json counts_json(const HuntSummary& summary, const CaseCounts& counts) {
  return {{"tests", counts.cases},
          {"failures", counts.failures},
          {"disabled", 0},
          {"errors", counts.errors},
          {"timestamp", utc_text(summary.began)},
          {"time", seconds_text(counts.time) + "s"}};
}

}  // namespace

std::string to_gtest_xml(const HuntSummary& summary) {
  const std::vector<SuiteResult> suites = suites_of(summary);
  const CaseCounts all = count_cases(suites);
  std::string text = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites tests=\"{}\" "
      "failures=\"{}\" disabled=\"0\" errors=\"{}\" time=\"{}\" timestamp=\"{}\" "
      "name=\"AllTests\">\n",
      all.cases, all.failures, all.errors, seconds_text(all.time), utc_text(summary.began));
  for (const SuiteResult& suite : suites) {
    const CaseCounts counts = count_cases(suite.cases);
    text += "  <testsuite" + attribute("name", suite.name) +
            fmt::format(
                " tests=\"{}\" failures=\"{}\" disabled=\"0\" skipped=\"{}\" errors=\"{}\" "
                "time=\"{}\" timestamp=\"{}\">\n",
                counts.cases, counts.failures, counts.skipped, counts.errors,
                seconds_text(counts.time), utc_text(summary.began));
    for (const CaseResult* result : suite.cases) text += case_element(summary, *result);
    text += "  </testsuite>\n";
  }
  return text + "</testsuites>\n";
}

std::string to_gtest_json(const HuntSummary& summary) {
  const std::vector<SuiteResult> suites = suites_of(summary);
  Json json = counts_json(summary, count_cases(suites));
  json["name"] = "AllTests";
  json["testsuites"] = Json::array();
  for (const SuiteResult& suite : suites) {
    Json entry = {{"name", suite.name}};
    entry.update(counts_json(summary, count_cases(suite.cases)));
    for (const CaseResult* result : suite.cases) {
      entry["testsuite"].push_back(json_of(summary, *result));
    }
    json["testsuites"].push_back(std::move(entry));
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ttrace
