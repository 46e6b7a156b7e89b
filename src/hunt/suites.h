#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "hunt/summary.h"

namespace ttrace {

/// A number of cases by their outcome.
struct CaseCounts {
  int cases = 0, failures = 0, errors = 0, skipped = 0;
  int not_finished = 0;  ///< interrupted, or never begun
  std::chrono::milliseconds time{0};
};
CaseCounts count_cases(const std::vector<const CaseResult*>& cases);

/// Result files group the cases by suite.
struct SuiteResult {
  std::string name;
  std::vector<const CaseResult*> cases;  ///< of the summary, which must outlive it
};

/// In the order in which suites and cases came.
std::vector<SuiteResult> suites_of(const HuntSummary& summary);

/// Of all suites.
CaseCounts count_cases(const std::vector<SuiteResult>& suites);

}  // namespace ttrace
