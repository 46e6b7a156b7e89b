#include "hunt/case_hunt.h"

#include <algorithm>
#include <utility>

#include "hunt/seeds.h"

namespace ttrace {
namespace {

using Outcome = CaseResult::Outcome;
using Kind = Verdict::Kind;

// A stack costs a replay in gdb. After so many failures at known places that were all alike, the
// others are taken to be so.
constexpr int kMostStacksCompared = 20;

// Where a verdict says that a failure was: failures at different places are different.
std::string place_of(const Verdict& verdict) {
  std::string place = std::string(verdict_name(verdict.kind)) + " " + verdict.detail;
  if (verdict.failure) {
    place += " " + verdict.failure->file + ":" + std::to_string(verdict.failure->line);
  }
  return place;
}

}  // namespace

bool CaseHunt::wants_attempt() const {
  if (done_ || (begun_ > 0 && !contended_ticks_)) return false;
  return (!last_ || begun_ < *last_) && (plan_.attempts == 0 || begun_ < plan_.attempts);
}

AttemptOrder CaseHunt::next_order(std::chrono::milliseconds now) {
  if (begun_ == 0) began_at_ = now;
  const int attempt = ++begun_;
  const Chaos chaos = plan_.chaos.value_or(attempt == 1 ? Chaos::off : Chaos::mixed);
  constexpr int kBeforeAll = 0;
  return {
      index_, attempt, seed_of(attempt), chaos, contended_ticks_.value_or(0), seed_of(kBeforeAll)};
}

std::uint64_t CaseHunt::seed_of(int attempt) const {
  return attempt_seed(plan_.seed, result_.test.name, std::uint64_t(attempt));
}

// Whether nothing that comes after this attempt matters.
bool CaseHunt::ends_case(const Verdict& verdict, int attempt) const {
  if (verdict.kind == Kind::not_recordable) return true;
  // A case that is skipped at once is skipped always: it would only be repeated.
  if (verdict.kind == Kind::skipped) return attempt == 1;
  return verdict.is_failure() && !plan_.goes_on;
}

void CaseHunt::report(int attempt, int member, AttemptReport report) {
  if (attempt == 1) contended_ticks_ = report.contended_ticks;
  if (done_ || (last_ && attempt > *last_)) return;
  if (ends_case(report.verdict, attempt)) {
    last_ = attempt;
    reports_.erase(reports_.upper_bound(attempt), reports_.end());
  }
  reports_.emplace(attempt, Report{member, std::move(report)});
}

bool CaseHunt::holds(int member) const {
  return std::ranges::any_of(reports_, [&](const auto& entry) {
    return entry.second.member == member && entry.second.report.verdict.is_failure();
  });
}

std::optional<CaseHunt::Keeping> CaseHunt::take_note() {
  while (!done_ && !keeping_ && !reports_.empty() && reports_.begin()->first == noted_ + 1) {
    Report report = std::move(reports_.begin()->second);
    reports_.erase(reports_.begin());
    ++noted_;
    if (!note(report.report.verdict)) {
      finish_if_last();
      continue;
    }
    const KeptFailure* known = same_place(report.report.verdict);
    Keeping keeping{report.member, trace_info(report.report.verdict),
                    plan_.goes_on && plan_.keep > 1};
    if (known) ++stacks_compared_;
    keeping_ = std::move(report);
    return keeping;
  }
  return std::nullopt;
}

// Counts an attempt; true if it is to be kept.
bool CaseHunt::note(const Verdict& verdict) {
  if (verdict.kind == Kind::interrupted) return false;
  ++result_.attempts;
  unrecorded_ = verdict.kind == Kind::not_recordable;
  if (unrecorded_ || verdict.kind == Kind::skipped) result_.detail = verdict.detail;
  if (verdict.kind == Kind::skipped) ++result_.skipped;
  if (!verdict.is_failure()) return false;
  ++result_.failures;
  KeptFailure* known = same_place(verdict);
  const bool full = int(result_.kept.size()) >= plan_.keep;
  if (known && (full || stacks_compared_ >= kMostStacksCompared)) {
    ++known->times_seen;
    return false;
  }
  return !full;
}

KeptFailure* CaseHunt::same_place(const Verdict& verdict) {
  const auto found = std::ranges::find_if(result_.kept, [&](const KeptFailure& kept) {
    return place_of(kept.verdict) == place_of(verdict);
  });
  return found == result_.kept.end() ? nullptr : &*found;
}

void CaseHunt::kept(KeptTrace trace) {
  Report report = std::exchange(keeping_, std::nullopt).value();
  const std::string place = place_of(report.report.verdict);
  const auto same = std::ranges::find_if(result_.kept, [&](const KeptFailure& kept) {
    return place_of(kept.verdict) == place && kept.trace.stack == trace.stack;
  });
  if (same != result_.kept.end()) {
    ++same->times_seen;
    if (trace.path) plan_.remove_trace(*trace.path);
  } else {
    KeptFailure failure;
    failure.attempt = noted_;
    failure.seed = seed_of(noted_);
    failure.verdict = std::move(report.report.verdict);
    failure.output = std::move(report.report.output);
    if (trace.path) failure.debug_command = plan_.debug_command(*trace.path);
    failure.trace = std::move(trace);
    result_.kept.push_back(std::move(failure));
  }
  finish_if_last();
}

// After an attempt was dealt with entirely.
void CaseHunt::finish_if_last() {
  if (last_ ? noted_ == *last_ : noted_ == plan_.attempts) finish(Outcome::passed);
}

void CaseHunt::end(Outcome outcome) { finish(outcome); }

// `otherwise`: the outcome unless the attempts say more.
void CaseHunt::finish(Outcome otherwise) {
  if (done_) return;
  done_ = true;
  reports_.clear();
  result_.outcome = otherwise;
  if (result_.attempts > 0 && result_.skipped == result_.attempts) {
    result_.outcome = Outcome::skipped;
  }
  if (unrecorded_) result_.outcome = Outcome::not_recordable;
  if (result_.failures == 0) return;
  result_.outcome = Outcome::failed;
  if (!plan_.goes_on) result_.sampling = Sampling::until_it_failed;
}

CaseResult CaseHunt::take_result(std::chrono::milliseconds now) {
  told_ = true;
  if (began()) result_.time = now - began_at_;
  return std::move(result_);
}

TraceInfo CaseHunt::trace_info(const Verdict& verdict) const {
  TraceInfo info;
  info.framework = plan_.framework;
  info.case_name = result_.test.name;
  info.verdict = verdict_name(verdict.kind);
  info.failure = verdict.failure;
  info.seed = seed_of(noted_);
  info.run_seed = plan_.seed;
  info.attempt = noted_;
  return info;
}

}  // namespace ttrace
