#include "hunt/results.h"

#include <algorithm>

namespace ttrace {

using Outcome = CaseResult::Outcome;

const char* outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::passed:
      return "passed";
    case Outcome::skipped:
      return "skipped";
    case Outcome::failed:
      return "failed";
    case Outcome::not_recordable:
      return "not recordable";
    case Outcome::interrupted:
      return "interrupted";
    case Outcome::not_run:
      return "not run";
  }
  return "?";
}

int HuntResults::count(Outcome outcome) const {
  return int(std::ranges::count(cases, outcome, &CaseResult::outcome));
}

std::uint64_t HuntResults::attempts() const {
  std::uint64_t sum = 0;
  for (const CaseResult& result : cases) sum += result.attempts;
  return sum;
}

int HuntResults::not_kept() const {
  int sum = 0;
  for (const CaseResult& result : cases) {
    sum += int(std::ranges::count_if(
        result.kept, [](const KeptFailure& failure) { return !failure.trace.path; }));
  }
  return sum;
}

int HuntResults::unverified() const {
  int sum = 0;
  for (const CaseResult& result : cases) {
    sum += int(std::ranges::count_if(result.kept, [](const KeptFailure& failure) {
      return failure.trace.path &&
             failure.trace.verification.outcome != Verification::Outcome::verified;
    }));
  }
  return sum;
}

int exit_code(const HuntResults& results, int interrupting_signal) {
  if (results.not_kept() > 0) return 2;
  if (results.count(Outcome::failed) > 0) return 1;
  if (results.interrupted) return 128 + interrupting_signal;
  if (results.count(Outcome::not_recordable) > 0) return 2;
  return 0;
}

}  // namespace ttrace
