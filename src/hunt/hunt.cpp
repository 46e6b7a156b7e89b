#include "hunt/hunt.h"

#include <algorithm>
#include <deque>

#include "hunt/case_hunt.h"

namespace ttrace {
namespace {

using Outcome = CaseResult::Outcome;

// All cases and the crew: who makes which attempt.
class Hunt {
 public:
  Hunt(const HuntPlan& plan, Crew& crew, Progress& progress, HuntResults& results)
      : plan_(plan), crew_(crew), progress_(progress), results_(results), began_(crew.now()) {
    for (std::size_t i = 0; i < plan.cases.size(); ++i) cases_.emplace_back(plan, i);
    members_.resize(std::size_t(crew.size()));
  }

  void run() {
    for (;;) {
      look_at_limits();
      give_orders();
      if (std::ranges::none_of(members_, &Member::busy)) break;
      take(crew_.wait());
    }
    end_the_rest();
  }

 private:
  struct Member {
    bool busy = false;
    std::size_t test = 0;
    int attempt = 0;
  };

  void look_at_limits() {
    if (plan_.interrupted && *plan_.interrupted) results_.interrupted = true;
    if (plan_.time.count() > 0 && crew_.now() - began_ >= plan_.time) results_.out_of_time = true;
  }

  bool is_over() const { return results_.interrupted || results_.out_of_time; }

  void give_orders() {
    for (std::size_t i = 0; i < members_.size() && !is_over(); ++i) {
      Member& member = members_[i];
      if (member.busy || is_held(int(i))) continue;
      CaseHunt* next = next_case();
      if (!next) return;
      const AttemptOrder order = next->next_order(crew_.now());
      member = {true, order.test, order.attempt};
      crew_.begin(int(i), order);
    }
  }

  bool is_held(int member) const {
    return std::ranges::any_of(cases_, [&](const CaseHunt& test) { return test.holds(member); });
  }

  // The first that wants an attempt; with a limit of time the one after the last that got one.
  CaseHunt* next_case() {
    for (std::size_t i = 0; i < cases_.size(); ++i) {
      const std::size_t at = (i + (plan_.time.count() > 0 ? turn_ : 0)) % cases_.size();
      if (!cases_[at].wants_attempt()) continue;
      turn_ = at + 1;
      return &cases_[at];
    }
    return nullptr;
  }

  void take(Crew::News news) {
    Member& member = members_.at(std::size_t(news.member));
    member.busy = false;
    CaseHunt& test = cases_[member.test];
    if (auto* trace = std::get_if<KeptTrace>(&news.what)) {
      test.kept(std::move(*trace));
    } else {
      auto& report = std::get<AttemptReport>(news.what);
      for (const std::string& warning : report.warnings) progress_.warning(warning);
      if (report.verdict.kind == Verdict::Kind::interrupted) results_.interrupted = true;
      test.report(member.attempt, news.member, std::move(report));
    }
    if (const auto keeping = test.take_note()) {
      members_.at(std::size_t(keeping->member)) = {true, member.test, keeping->info.attempt};
      progress_.verifying(test.result());
      crew_.keep(keeping->member, keeping->info, keeping->with_stack);
    } else if (!test.is_done()) {
      progress_.running(test.result(), plan_.attempts, crew_.now() - test.began_at());
    }
    if (test.is_done()) tell(test);
  }

  void tell(CaseHunt& test) {
    if (test.was_told()) return;
    results_.cases.push_back(test.take_result(crew_.now()));
    progress_.case_done(results_.cases.back(), plan_.attempts);
  }

  // Nobody makes an attempt any more.
  void end_the_rest() {
    for (CaseHunt& test : cases_) {
      if (test.is_done()) continue;
      // The user's interrupt says nothing about cases that were not begun; a hunt that ran out of
      // time promised to run them.
      if (!test.began() && results_.interrupted) continue;
      if (results_.interrupted) {
        test.end(Outcome::interrupted);
      } else {
        test.end(test.result().attempts > 0 ? Outcome::passed : Outcome::not_run);
      }
      tell(test);
    }
  }

  const HuntPlan& plan_;
  Crew& crew_;
  Progress& progress_;
  HuntResults& results_;
  std::chrono::milliseconds began_;
  std::deque<CaseHunt> cases_;
  std::vector<Member> members_;
  std::size_t turn_ = 0;
};

}  // namespace

void hunt(const HuntPlan& plan, Crew& crew, Progress& progress, HuntResults& results) {
  Hunt(plan, crew, progress, results).run();
}

}  // namespace ttrace
