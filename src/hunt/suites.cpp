#include "hunt/suites.h"

#include <algorithm>

namespace ttrace {

CaseCounts count_cases(const std::vector<const CaseResult*>& cases) {
  using Outcome = CaseResult::Outcome;
  CaseCounts counts;
  for (const CaseResult* result : cases) {
    ++counts.cases;
    counts.failures += result->outcome == Outcome::failed;
    counts.errors += result->outcome == Outcome::not_recordable;
    counts.skipped += result->outcome == Outcome::skipped;
    counts.not_finished +=
        result->outcome == Outcome::interrupted || result->outcome == Outcome::not_run;
    counts.time += result->time;
  }
  return counts;
}

std::vector<SuiteResult> suites_of(const HuntSummary& summary) {
  std::vector<SuiteResult> suites;
  for (const CaseResult& result : summary.results.cases) {
    const std::string name = split_case_name(summary, result.test.name).suite;
    auto suite = std::ranges::find(suites, name, &SuiteResult::name);
    if (suite == suites.end()) suite = suites.insert(suites.end(), {name, {}});
    suite->cases.push_back(&result);
  }
  return suites;
}

CaseCounts count_cases(const std::vector<SuiteResult>& suites) {
  std::vector<const CaseResult*> all;
  for (const SuiteResult& suite : suites) {
    all.insert(all.end(), suite.cases.begin(), suite.cases.end());
  }
  return count_cases(all);
}

}  // namespace ttrace
