#include "hunt/hunt.h"

#include "hunt/seeds.h"

namespace ttrace {
namespace {

// One case, attempt after attempt.
class CaseHunt {
 public:
  CaseHunt(const HuntPlan& plan, const TestCase& test, Lab& lab, Progress& progress,
           HuntTally& tally)
      : plan_(plan), test_(test), lab_(lab), progress_(progress), tally_(tally) {}

  void run() {
    progress_.case_begins(test_);
    for (int attempt = 1; attempt <= plan_.attempts; ++attempt) {
      if (interrupted()) return end_interrupted(attempt - 1);
      const std::uint64_t seed = attempt_seed(plan_.seed, test_.name, std::uint64_t(attempt));
      const RecordResult result = record(attempt, seed);
      for (const std::string& warning : result.warnings) progress_.warning(warning);
      const Verdict verdict = judge(result, plan_.rules);
      if (verdict.kind == Verdict::Kind::interrupted) return end_interrupted(attempt - 1);
      ++tally_.attempts;
      if (verdict.kind == Verdict::Kind::not_recordable) {
        ++tally_.not_recordable;
        return progress_.case_not_recordable(attempt, verdict.detail);
      }
      if (verdict.is_failure()) return end_failed(attempt, seed, result, verdict);
      if (verdict.kind == Verdict::Kind::skipped) {
        ++skipped_;
        skip_reason_ = verdict.detail;
      }
      progress_.attempts_done(attempt, plan_.attempts);
    }
    ++(skipped_ == plan_.attempts ? tally_.skipped : tally_.passed);
    progress_.case_passed(plan_.attempts, skipped_, skip_reason_);
  }

 private:
  bool interrupted() const { return plan_.interrupted && *plan_.interrupted; }

  RecordResult record(int attempt, std::uint64_t seed) {
    const Chaos chaos = plan_.chaos.value_or(attempt == 1 ? Chaos::off : Chaos::mixed);
    try {
      return lab_.attempt(test_, seed, chaos);
    } catch (const NotRecordable& error) {
      RecordResult result;
      result.not_recordable = error.name();
      return result;
    }
  }

  void end_interrupted(int done) {
    tally_.interrupted = true;
    progress_.case_interrupted(done, plan_.attempts);
  }

  void end_failed(int attempt, std::uint64_t seed, const RecordResult& result,
                  const Verdict& verdict) {
    ++tally_.failed;
    FailedCase failed;
    failed.test = &test_;
    failed.attempt = attempt;
    failed.verdict = verdict;
    for (const OutputChunk& chunk : result.output) failed.output += chunk.text;
    try {
      failed.path = lab_.keep(result, trace_info(attempt, seed, verdict));
    } catch (const Error& error) {
      failed.not_kept = error.what();
      ++tally_.not_kept;
    }
    if (failed.path) {
      progress_.verifying();
      failed.size = lab_.size_of(*failed.path);
      failed.verification = lab_.verify(*failed.path, result);
      failed.debug_command = plan_.debug_command(*failed.path);
      if (failed.verification.outcome != Verification::Outcome::verified) ++tally_.unverified;
    }
    progress_.case_failed(failed);
  }

  TraceInfo trace_info(int attempt, std::uint64_t seed, const Verdict& verdict) const {
    TraceInfo info;
    info.framework = plan_.framework;
    info.case_name = test_.name;
    info.verdict = verdict_name(verdict.kind);
    info.failure = verdict.failure;
    info.seed = seed;
    info.attempt = attempt;
    return info;
  }

  const HuntPlan& plan_;
  const TestCase& test_;
  Lab& lab_;
  Progress& progress_;
  HuntTally& tally_;
  int skipped_ = 0;
  std::string skip_reason_;
};

}  // namespace

void hunt(const HuntPlan& plan, Lab& lab, Progress& progress, HuntTally& tally) {
  for (const TestCase& test : plan.cases) {
    if (plan.interrupted && *plan.interrupted) tally.interrupted = true;
    if (tally.interrupted) return;
    ++tally.cases;
    CaseHunt(plan, test, lab, progress, tally).run();
  }
}

int exit_code(const HuntTally& tally, int interrupting_signal) {
  if (tally.not_kept > 0) return 2;
  if (tally.failed > 0) return 1;
  if (tally.interrupted) return 128 + interrupting_signal;
  if (tally.not_recordable > 0) return 2;
  return 0;
}

}  // namespace ttrace
