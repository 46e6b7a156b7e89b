#include "hunt/bench.h"

#include <utility>

namespace ttrace {

AttemptReport Bench::attempt(const AttemptOrder& order) {
  held_.reset();
  RecordResult result;
  try {
    result = lab_.attempt(cases_.at(order.test), order);
  } catch (const NotRecordable& error) {
    result.not_recordable = error.name();
  }
  AttemptReport report;
  report.verdict = judge(result, rules_);
  report.warnings = result.warnings;
  report.contended_ticks = result.contended_ticks;
  if (report.verdict.is_failure()) {
    for (const OutputChunk& chunk : result.output) report.output += chunk.text;
    held_ = std::move(result);
  }
  return report;
}

KeptTrace Bench::keep(const TraceInfo& info, bool with_stack) {
  KeptTrace kept;
  if (!held_) throw Error("internal error: no failing attempt is held; please report it");
  try {
    kept.path = lab_.keep(*held_, info);
    kept.size = lab_.size_of(*kept.path);
    kept.verification = lab_.verify(*kept.path, *held_);
    if (with_stack) kept.stack = lab_.stack_of(*kept.path);
  } catch (const Error& error) {
    kept.not_kept = error.what();
  }
  held_.reset();
  return kept;
}

Crew::News LocalCrew::wait() {
  if (auto info = std::exchange(keep_, std::nullopt)) return {0, bench_.keep(*info, with_stack_)};
  return {0, bench_.attempt(std::exchange(order_, std::nullopt).value())};
}

}  // namespace ttrace
