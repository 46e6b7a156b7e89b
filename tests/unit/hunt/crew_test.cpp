#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <map>
#include <utility>

#include "hunt/crew_messages.h"
#include "hunt/forked_crew.h"
#include "hunt/hunt.h"

namespace ttrace {
namespace {

// Attempts do what their seed says.
class SeedLab : public Lab {
 public:
  static constexpr std::uint64_t kFails = 1, kDies = 2, kCannotRun = 3;

  RecordResult attempt(const TestCase&, const AttemptOrder& order) override {
    if (order.seed == kDies) raise(SIGKILL);
    if (order.seed == kCannotRun) throw UsageError("no such program");
    RecordResult result;
    result.root = Pid(1);
    result.status = order.seed == kFails ? SIGSEGV : 0;
    result.output = {{EventNumber(1), 1, std::string("bytes \xff\0.", 8)}};
    result.warnings = {"careful"};
    return result;
  }
  std::string keep(const RecordResult&, TraceInfo info) override { return "d/" + info.case_name; }
  Verification verify(const std::string&, const RecordResult&) override {
    return {Verification::Outcome::failed, "it diverged"};
  }
  std::string stack_of(const std::string&) override { return "f\nmain"; }
  std::uint64_t size_of(const std::string&) override { return 7; }
  std::chrono::milliseconds now() override { return std::chrono::milliseconds(0); }
};

struct Crewed {
  SeedLab lab;
  std::vector<TestCase> cases = {{"A.B", "", 0}};
  ForkedCrew crew;
  explicit Crewed(int size) : crew(lab, cases, {size, Marks::optional, nullptr, {}}) {}

  AttemptReport attempt(int member, std::uint64_t seed) {
    crew.begin(member, {0, 1, seed, Chaos::off});
    const Crew::News news = crew.wait();
    EXPECT_EQ(news.member, member);
    return std::get<AttemptReport>(news.what);
  }
};

TEST(ForkedCrew, BringsBackWhatAnAttemptSaid) {
  Crewed crewed(2);
  const AttemptReport passed = crewed.attempt(1, 0);
  EXPECT_EQ(passed.verdict.kind, Verdict::Kind::passed);
  EXPECT_EQ(passed.warnings, std::vector<std::string>{"careful"});
  EXPECT_EQ(passed.output, "") << "of a passing attempt nobody needs it";
  const AttemptReport failed = crewed.attempt(0, SeedLab::kFails);
  EXPECT_EQ(to_string(failed.verdict), "crashed (SIGSEGV)");
  ASSERT_TRUE(failed.verdict.failure);
  EXPECT_EQ(failed.output, std::string("bytes \xff\0.", 8));
}

TEST(ForkedCrew, KeepsWhatAMemberHolds) {
  Crewed crewed(1);
  crewed.attempt(0, SeedLab::kFails);
  TraceInfo info;
  info.case_name = "A.B";
  crewed.crew.keep(0, info, true);
  const auto kept = std::get<KeptTrace>(crewed.crew.wait().what);
  EXPECT_EQ(kept.path, "d/A.B");
  EXPECT_EQ(kept.size, 7u);
  EXPECT_EQ(kept.verification.outcome, Verification::Outcome::failed);
  EXPECT_EQ(kept.verification.problem, "it diverged");
  EXPECT_EQ(kept.stack, "f\nmain");
}

TEST(ForkedCrew, AMemberThatDiesCostsOneAttempt) {
  Crewed crewed(2);
  const AttemptReport died = crewed.attempt(0, SeedLab::kDies);
  EXPECT_EQ(died.verdict.kind, Verdict::Kind::not_recordable);
  EXPECT_NE(died.verdict.detail.find("the recorder died by SIGKILL"), std::string::npos);
  EXPECT_EQ(crewed.attempt(0, 0).verdict.kind, Verdict::Kind::passed) << "it was replaced";
}

TEST(ForkedCrew, WhatStopsAMemberFromWorkingStopsTheHunt) {
  Crewed crewed(1);
  crewed.crew.begin(0, {0, 1, SeedLab::kCannotRun, Chaos::off});
  EXPECT_THROW(crewed.crew.wait(), UsageError);
}

TEST(ForkedCrew, LeavesNoProcessBehind) {
  {
    Crewed crewed(3);
    for (int member = 0; member < 3; ++member) crewed.attempt(member, 0);
  }
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST(CrewMessages, RefuseWhatIsNone) {
  EXPECT_THROW(decode_order(Bytes{}), TraceError);
  EXPECT_THROW(decode_answer(Bytes(1, std::byte(1))), TraceError);
  EXPECT_THROW(decode_answer(Bytes(2, std::byte(3))), TraceError);
}

// Reports in another order than the attempts' must change nothing of what is said.
class ShuffledCrew : public Crew {
 public:
  explicit ShuffledCrew(std::map<int, Verdict::Kind> script) : script_(std::move(script)) {}
  int size() const override { return 4; }
  void begin(int member, const AttemptOrder& order) override { running_[member] = order.attempt; }
  void keep(int member, const TraceInfo& info, bool) override {
    kept = info.attempt;
    kept_by_ = member;
  }
  News wait() override {
    if (kept_by_ >= 0) {
      KeptTrace trace;
      trace.path = "d/x";
      return {std::exchange(kept_by_, -1), trace};
    }
    // The latest first.
    auto latest = running_.begin();
    for (auto at = running_.begin(); at != running_.end(); ++at) {
      if (at->second > latest->second) latest = at;
    }
    const auto [member, attempt] = *latest;
    running_.erase(latest);
    ++attempts;
    AttemptReport report;
    if (script_.contains(attempt)) report.verdict.kind = script_[attempt];
    return {member, report};
  }
  std::chrono::milliseconds now() override { return {}; }

  int kept = 0;
  int attempts = 0;

 private:
  std::map<int, Verdict::Kind> script_;
  std::map<int, int> running_;
  int kept_by_ = -1;
};

CaseResult hunted(ShuffledCrew& crew, int attempts) {
  HuntPlan plan;
  plan.cases = {{"A.B", "", 0}};
  plan.attempts = attempts;
  plan.debug_command = [](const std::string& path) { return path; };
  Progress progress({[](std::string_view) {}, [](std::string_view) {}}, [&] { return crew.now(); });
  HuntResults results;
  hunt(plan, crew, progress, results);
  EXPECT_EQ(results.cases.size(), 1u);
  return results.cases.at(0);
}

TEST(Hunt, SideBySideItFindsTheLowestFailingAttempt) {
  ShuffledCrew crew(
      {{6, Verdict::Kind::failed}, {7, Verdict::Kind::crashed}, {8, Verdict::Kind::failed}});
  const CaseResult result = hunted(crew, 100);
  EXPECT_EQ(result.attempts, 6u);
  EXPECT_EQ(result.failures, 1u);
  EXPECT_EQ(crew.kept, 6);
  EXPECT_EQ(result.kept.at(0).attempt, 6);
  EXPECT_LE(crew.attempts, 9);
}

TEST(Hunt, SideBySideTheFirstAttemptDecidesWhetherACaseIsSkipped) {
  ShuffledCrew crew({{1, Verdict::Kind::skipped}, {3, Verdict::Kind::failed}});
  const CaseResult result = hunted(crew, 100);
  EXPECT_EQ(result.outcome, CaseResult::Outcome::skipped);
  EXPECT_EQ(result.attempts, 1u);
  EXPECT_EQ(crew.kept, 0);
}

}  // namespace
}  // namespace ttrace
