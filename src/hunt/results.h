#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hunt/crew.h"
#include "hunt/rate.h"

namespace ttrace {

/// A failure that was kept, or should have been, as it is reported.
struct KeptFailure {
  int attempt = 0;
  std::uint64_t seed = 0;  ///< of the attempt
  Verdict verdict;
  std::string output;  ///< of the failing attempt, both streams in order
  KeptTrace trace;
  std::string debug_command;     ///< "" if no trace was kept
  std::uint64_t times_seen = 1;  ///< failures that are told apart from all others but not from it
};

/// What became of one case.
struct CaseResult {
  enum class Outcome {
    passed,
    skipped,  ///< every attempt was
    failed,
    not_recordable,  ///< `detail`: what
    interrupted,     ///< by the user, before it was done; none failed
    not_run,         ///< the time was up before it began
  };
  TestCase test;
  Outcome outcome = Outcome::passed;
  Sampling sampling = Sampling::fixed;
  std::uint64_t attempts = 0;     ///< that ran to an end, up to the one that ended the case
  std::uint64_t skipped = 0;      ///< of them
  std::uint64_t failures = 0;     ///< of them
  std::string detail;             ///< one line: why it was skipped, or cannot be recorded
  std::vector<KeptFailure> kept;  ///< the distinct ones
  std::chrono::milliseconds time{0};

  /// Attempts that say something about the rate of failures.
  std::uint64_t counted() const { return attempts - skipped; }
};

/// "passed", "not recordable"...
const char* outcome_name(CaseResult::Outcome outcome);

/// What a hunt found so far.
struct HuntResults {
  std::vector<CaseResult> cases;  ///< that are done, in the order in which they were done
  bool interrupted = false;
  bool out_of_time = false;  ///< HuntPlan::time ended it

  int count(CaseResult::Outcome outcome) const;
  std::uint64_t attempts() const;
  int not_kept() const;    ///< failures whose trace could not be written
  int unverified() const;  ///< kept traces whose replay went another way
};

/// The exit code of a run:
///   1            a case failed, and its trace was kept
///   2            a failure's trace could not be kept; or none failed, and a case could not be
///                recorded
///   128 + signal none failed, and the user interrupted it
///   0            otherwise
int exit_code(const HuntResults& results, int interrupting_signal);

}  // namespace ttrace
