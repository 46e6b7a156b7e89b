#pragma once

#include <chrono>
#include <string>

#include "hunt/results.h"

namespace ttrace {

/// A hunt as it is told to programs: result files, the page of a report.
struct HuntSummary {
  std::string writer;     ///< "ttrace 0.1.0"
  std::string program;    ///< absolute path of the test binary
  std::string framework;  ///< "gtest"
  std::uint64_t seed = 0;
  int attempts = 0;  ///< asked for of each case; 0: not limited
  int jobs = 1;
  std::chrono::system_clock::time_point began;
  std::chrono::milliseconds time{0};
  int exit_code = 0;
  HuntResults results;
};

/// "2026-11-28T18:05:00Z"
std::string utc_text(std::chrono::system_clock::time_point time);

/// The suite and the test of a case's name, where the framework's names have such parts; else the
/// program's file name and the whole name.
struct CaseName {
  std::string suite, test;
};
CaseName split_case_name(const HuntSummary& summary, const std::string& name);

/// What happened, in words: a headline for each failure that was kept, and how to open it.
std::string failure_headline(const KeptFailure& failure);
std::string failure_details(const CaseResult& result, const KeptFailure& failure);

/// The hunt as JSON text (docs/reports.md). What is no UTF-8 becomes U+FFFD.
std::string to_json(const HuntSummary& summary);
/// The same as one JUnit file, as CI servers read it.
std::string to_junit(const HuntSummary& summary);
/// What GoogleTest itself would have written for --gtest_output=xml or json.
std::string to_gtest_xml(const HuntSummary& summary);
std::string to_gtest_json(const HuntSummary& summary);

/// Workflow commands of GitHub Actions: one line for each failure, at its place in the source.
/// `workspace`: paths below it are told relative to it.
std::string github_annotations(const HuntSummary& summary, const std::string& workspace);

}  // namespace ttrace
