#pragma once

#include <map>
#include <optional>

#include "hunt/hunt.h"

namespace ttrace {

/// One case of a hunt: which attempt is next, and what the attempts said. Attempts are reported in
/// any order and taken note of in the order of their numbers; the first one that ends the case ends
/// it, whatever came back of later ones.
class CaseHunt {
 public:
  CaseHunt(const HuntPlan& plan, std::size_t index) : plan_(plan), index_(index) {
    result_.test = plan.cases[index];
  }

  /// Whether another attempt may begin.
  bool wants_attempt() const;
  AttemptOrder next_order(std::chrono::milliseconds now);

  /// An attempt that next_order() gave out. `member` made it, and holds it if it is a failure.
  void report(int attempt, int member, AttemptReport report);

  /// A failure to be kept now: tell kept() what became of it. Until then nothing more is noted.
  struct Keeping {
    int member = 0;
    TraceInfo info;
    bool with_stack = false;  ///< its place was seen before: the stack tells whether it is another
  };
  std::optional<Keeping> take_note();
  void kept(KeptTrace trace);

  /// Whether this member holds a failing attempt that may yet have to be kept.
  bool holds(int member) const;

  /// Ends it for another reason than its attempts: this is the outcome if none failed.
  void end(CaseResult::Outcome outcome);
  bool began() const { return begun_ > 0; }
  std::chrono::milliseconds began_at() const { return began_at_; }
  bool is_done() const { return done_; }
  /// So far.
  const CaseResult& result() const { return result_; }
  /// Once, when it is done.
  CaseResult take_result(std::chrono::milliseconds now);
  bool was_told() const { return told_; }

 private:
  struct Report {
    int member = 0;
    AttemptReport report;
  };
  bool ends_case(const Verdict& verdict, int attempt) const;
  bool note(const Verdict& verdict);
  KeptFailure* same_place(const Verdict& verdict);
  void finish(CaseResult::Outcome otherwise);
  void finish_if_last();
  TraceInfo trace_info(const Verdict& verdict) const;
  std::uint64_t seed_of(int attempt) const;

  const HuntPlan& plan_;
  std::size_t index_;
  CaseResult result_;
  int begun_ = 0;  ///< attempts that were given out
  /// What the first attempt counted: the sizes of all others follow it, so they begin after it.
  std::optional<std::uint64_t> contended_ticks_;
  int noted_ = 0;                  ///< attempts that were taken note of: all up to this number
  std::optional<int> last_;        ///< the attempt that will end the case, as far as is known
  std::map<int, Report> reports_;  ///< that came back before an earlier one
  std::optional<Report> keeping_;
  bool unrecorded_ = false;  ///< the attempt noted last
  bool done_ = false;
  bool told_ = false;
  std::chrono::milliseconds began_at_{0};
  int stacks_compared_ = 0;
};

}  // namespace ttrace
