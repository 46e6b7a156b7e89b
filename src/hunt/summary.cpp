#include "hunt/summary.h"

#include <fmt/format.h>

#include <ctime>
#include <filesystem>
#include <nlohmann/json.hpp>

namespace ttrace {
namespace {

using Json = nlohmann::json;

Json json_of(const KeptFailure& failure) {
  Json json = {{"attempt", failure.attempt},
               {"seed", failure.seed},
               {"verdict", verdict_name(failure.verdict.kind)},
               {"detail", failure.verdict.detail},
               {"times", failure.times_seen},
               {"output", failure.output}};
  if (const auto& place = failure.verdict.failure) {
    json["file"] = place->file;
    json["line"] = place->line;
    json["message"] = place->message;
    json["event"] = place->event.value();
    json["thread"] = place->tid.value();
  }
  if (failure.trace.path) {
    json["trace"] = *failure.trace.path;
    json["trace_bytes"] = failure.trace.size;
    json["replay_verified"] = failure.trace.verification.outcome == Verification::Outcome::verified;
    json["debug"] = failure.debug_command;
  } else {
    json["not_kept"] = failure.trace.not_kept;
  }
  if (!failure.trace.verification.problem.empty()) {
    json["replay_problem"] = failure.trace.verification.problem;
  }
  return json;
}

Json json_of(const CaseResult& result) {
  Json json = {{"name", result.test.name},       {"file", result.test.file},
               {"line", result.test.line},       {"outcome", outcome_name(result.outcome)},
               {"detail", result.detail},        {"attempts", result.attempts},
               {"skipped", result.skipped},      {"failures", result.failures},
               {"time_ms", result.time.count()}, {"kept", Json::array()}};
  if (result.counted() > 0) {
    const RateInterval rate = failure_rate(result.failures, result.counted(), result.sampling);
    json["failure_rate"] = {
        {"rate", rate.rate},
        {"least", rate.least},
        {"most", rate.most},
        {"text", rate_text(result.failures, result.counted(), result.sampling)}};
  }
  for (const KeptFailure& failure : result.kept) json["kept"].push_back(json_of(failure));
  return json;
}

}  // namespace

std::string utc_text(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

CaseName split_case_name(const HuntSummary& summary, const std::string& name) {
  const std::size_t dot = name.find('.');
  if (summary.framework == "gtest" && dot != std::string::npos) {
    return {name.substr(0, dot), name.substr(dot + 1)};
  }
  return {std::filesystem::path(summary.program).filename().string(), name};
}

std::string failure_headline(const KeptFailure& failure) {
  std::string text = to_string(failure.verdict) + " on attempt " + std::to_string(failure.attempt);
  if (failure.verdict.failure) text += ": " + failure.verdict.failure->message;
  return text;
}

std::string failure_details(const CaseResult& result, const KeptFailure& failure) {
  std::string text;
  if (const auto& place = failure.verdict.failure) {
    if (!place->file.empty()) text += fmt::format("{}:{}\n", place->file, place->line);
    text += fmt::format("{}\nevent {}, thread {}\n", place->message, place->event.value(),
                        place->tid.value());
  }
  if (result.counted() > 1) {
    text += fmt::format("rate: {} of {} attempts: {}\n", result.failures, result.counted(),
                        rate_text(result.failures, result.counted(), result.sampling));
  }
  if (failure.trace.path) {
    text += fmt::format("trace: {}\ndebug: {}\n", *failure.trace.path, failure.debug_command);
  } else {
    text += "no trace was kept: " + failure.trace.not_kept + "\n";
  }
  return text;
}

std::string to_json(const HuntSummary& summary) {
  Json json = {{"writer", summary.writer},
               {"program", summary.program},
               {"framework", summary.framework},
               {"seed", summary.seed},
               {"attempts", summary.attempts},
               {"jobs", summary.jobs},
               {"began", utc_text(summary.began)},
               {"time_ms", summary.time.count()},
               {"exit_code", summary.exit_code},
               {"interrupted", summary.results.interrupted},
               {"out_of_time", summary.results.out_of_time},
               {"cases", Json::array()}};
  for (const CaseResult& result : summary.results.cases) json["cases"].push_back(json_of(result));
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ttrace
