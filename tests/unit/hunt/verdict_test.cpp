#include "hunt/verdict.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "base/error.h"

namespace ttrace {
namespace {

using Kind = Verdict::Kind;
using Mark = MarkEvent::Kind;

constexpr Pid kRoot(100), kChild(200);

int exited(int code) { return code << 8; }

// A recording whose first process ended with `status`; marks get the numbers 10, 11...
struct Attempt {
  RecordResult result;

  explicit Attempt(int status) {
    result.root = kRoot;
    result.status = status;
    result.exit_event = EventNumber(90);
    result.exit_tid = Tid(103);
  }
  Attempt& mark(Mark kind, std::int64_t value = 0, const char* text = "", Pid pid = kRoot) {
    SeenMark seen;
    seen.event = EventNumber(10 + result.marks.size());
    seen.tid = Tid(pid.value() + 1);
    seen.pid = pid;
    seen.mark.kind = kind;
    seen.mark.value = value;
    seen.mark.text = text;
    seen.mark.file = "q_test.cpp";
    seen.mark.line = 42;
    result.marks.push_back(seen);
    return *this;
  }
  Attempt& begin() { return mark(Mark::case_begin); }
  Attempt& end(std::int64_t value) { return mark(Mark::case_end, value); }
  Verdict verdict(Marks marks = Marks::required) const { return judge(result, marks); }
};

TEST(Judge, ACaseThatEndedWellPassed) {
  const Verdict verdict = Attempt(exited(0)).begin().end(1).verdict();
  EXPECT_EQ(verdict.kind, Kind::passed);
  EXPECT_FALSE(verdict.is_failure());
  EXPECT_FALSE(verdict.failure);
}

TEST(Judge, TheFirstFailedAssertionOfTheFirstProcessIsTheFailure) {
  const Verdict verdict = Attempt(exited(1))
                              .begin()
                              .mark(Mark::assertion_failed, 0, "first")
                              .mark(Mark::assertion_failed, 1, "second")
                              .end(0)
                              .verdict();
  ASSERT_EQ(verdict.kind, Kind::failed);
  ASSERT_TRUE(verdict.failure);
  EXPECT_EQ(verdict.failure->message, "first");
  EXPECT_EQ(verdict.failure->file, "q_test.cpp");
  EXPECT_EQ(verdict.failure->line, 42);
  EXPECT_EQ(verdict.failure->event, EventNumber(11));
  EXPECT_EQ(verdict.failure->tid, Tid(101));
  EXPECT_EQ(verdict.detail, "");
}

TEST(Judge, AFailedAssertionOutsideTheCaseCountsToo) {
  EXPECT_EQ(Attempt(exited(1)).mark(Mark::assertion_failed).begin().end(1).verdict().kind,
            Kind::failed);
  EXPECT_EQ(Attempt(exited(1)).begin().end(1).mark(Mark::assertion_failed).verdict().kind,
            Kind::failed);
}

TEST(Judge, AnAssertionBeforeACrashIsWhatIsReported) {
  const Verdict verdict =
      Attempt(SIGSEGV).begin().mark(Mark::assertion_failed, 0, "null").verdict();
  EXPECT_EQ(to_string(verdict), "failed (then died by SIGSEGV)");
  EXPECT_EQ(verdict.failure->message, "null");
}

TEST(Judge, ACaseThatEndedAsFailedFailedWithoutAnyAssertion) {
  const Verdict verdict = Attempt(exited(1)).begin().end(0).verdict();
  EXPECT_EQ(verdict.kind, Kind::failed);
  EXPECT_EQ(verdict.failure->event, EventNumber(90));
}

TEST(Judge, ACrashIsPlacedAtTheSignal) {
  Attempt attempt(SIGSEGV);
  attempt.begin();
  attempt.result.deaths.push_back({EventNumber(70), Tid(201), kChild, SIGABRT});
  attempt.result.deaths.push_back({EventNumber(80), Tid(102), kRoot, SIGSEGV});
  const Verdict verdict = attempt.verdict();
  EXPECT_EQ(to_string(verdict), "crashed (SIGSEGV)");
  EXPECT_EQ(verdict.failure->event, EventNumber(80));
  EXPECT_EQ(verdict.failure->tid, Tid(102));
}

TEST(Judge, ACrashWithoutADeathEventIsPlacedAtTheExit) {
  EXPECT_EQ(Attempt(SIGKILL).begin().verdict().failure->event, EventNumber(90));
}

TEST(Judge, ExitZeroInsideATestIsNoPass) {
  const Verdict verdict = Attempt(exited(0)).begin().verdict();
  EXPECT_EQ(to_string(verdict), "exited early (status 0)");
  EXPECT_EQ(verdict.failure->message, "exited with status 0 inside the case");
  EXPECT_EQ(verdict.failure->event, EventNumber(90));
  EXPECT_EQ(verdict.failure->tid, Tid(103));
}

TEST(Judge, AProgramThatRanNothingIsNoPass) {
  EXPECT_EQ(Attempt(exited(0)).verdict().failure->message,
            "exited with status 0 before the case began");
}

TEST(Judge, ABadExitCodeAfterAPassIsAFailure) {
  const Verdict verdict = Attempt(exited(23)).begin().end(1).verdict();
  EXPECT_EQ(verdict.kind, Kind::failed);
  EXPECT_EQ(verdict.failure->message, "exit status 23 after the case passed");
}

TEST(Judge, SkippedIsAPassWithAReason) {
  const Verdict verdict =
      Attempt(exited(0)).begin().mark(Mark::skipped, 0, "no network").end(2).verdict();
  EXPECT_EQ(to_string(verdict), "skipped (no network)");
  EXPECT_FALSE(verdict.is_failure());
}

TEST(Judge, ASkipBeforeAnyCaseIsASkip) {
  EXPECT_EQ(Attempt(exited(0)).mark(Mark::skipped).verdict().kind, Kind::skipped);
  EXPECT_EQ(Attempt(exited(0)).mark(Mark::skipped).begin().verdict().kind, Kind::exited_early);
}

TEST(Judge, ChildrenMayFailAndDie) {
  Attempt attempt(exited(0));
  attempt.begin().mark(Mark::assertion_failed, 0, "in the child", kChild).end(1);
  attempt.result.deaths.push_back({EventNumber(70), Tid(200), kChild, SIGABRT});
  EXPECT_EQ(attempt.verdict().kind, Kind::passed);
}

TEST(Judge, AChildsCaseEndIsNotTheCases) {
  EXPECT_EQ(Attempt(exited(0)).begin().mark(Mark::case_end, 1, "", kChild).verdict().kind,
            Kind::exited_early);
}

TEST(Judge, AChildsFailedAssertionIsAddedToTheParentsFailure) {
  const Verdict verdict = Attempt(exited(1))
                              .begin()
                              .mark(Mark::assertion_failed, 0, "x == 1", kChild)
                              .mark(Mark::assertion_failed, 0, "child failed")
                              .end(0)
                              .verdict();
  EXPECT_EQ(verdict.failure->message,
            "child failed\nin child process 200: q_test.cpp:42: x == 1 (event 11)");
  EXPECT_EQ(verdict.failure->event, EventNumber(12));
}

TEST(Judge, AHangIsAFailureAtItsEnd) {
  Attempt attempt(SIGKILL);
  attempt.begin();
  attempt.result.reason = EndEvent::Reason::timed_out;
  EXPECT_EQ(to_string(attempt.verdict()), "timed out");
  EXPECT_EQ(attempt.verdict().failure->event, EventNumber(90));
  attempt.mark(Mark::assertion_failed, 0, "why it hangs");
  EXPECT_EQ(attempt.verdict().kind, Kind::timed_out);
  EXPECT_EQ(attempt.verdict().failure->message, "why it hangs");
}

TEST(Judge, NotRecordableAndInterruptedSayNothingAboutTheTest) {
  Attempt attempt(SIGSEGV);
  attempt.mark(Mark::assertion_failed);
  attempt.result.reason = EndEvent::Reason::interrupted;
  EXPECT_EQ(attempt.verdict().kind, Kind::interrupted);
  attempt.result.not_recordable = "system call io_submit";
  EXPECT_EQ(to_string(attempt.verdict()), "not recordable (system call io_submit)");
  EXPECT_FALSE(attempt.verdict().is_failure());
}

TEST(Judge, WithoutAnyMarkTheExitCodeDecidesIfMarksAreOptional) {
  EXPECT_EQ(Attempt(exited(0)).verdict(Marks::optional).kind, Kind::passed);
  EXPECT_EQ(Attempt(exited(1)).verdict(Marks::optional).kind, Kind::failed);
  EXPECT_EQ(Attempt(SIGABRT).verdict(Marks::optional).kind, Kind::crashed);
  EXPECT_EQ(Attempt(exited(0)).begin().verdict(Marks::optional).kind, Kind::exited_early);
}

TEST(Judge, OfSeveralCaseEndsTheWorstCounts) {
  EXPECT_EQ(Attempt(exited(0)).begin().end(2).end(1).verdict().kind, Kind::passed);
  EXPECT_EQ(Attempt(exited(1)).begin().end(0).end(1).verdict().kind, Kind::failed);
}

TEST(Judge, ASignalThatTheFrameworkReportsIsACrashAfterTheLastAssertion) {
  Attempt attempt(SIGSEGV);
  attempt.begin().mark(Mark::assertion_failed, 2, "SIGSEGV - Segmentation violation signal").end(0);
  attempt.result.deaths.push_back({EventNumber(80), Tid(102), kRoot, SIGSEGV});
  const Verdict verdict = attempt.verdict();
  EXPECT_EQ(to_string(verdict), "crashed (SIGSEGV)");
  ASSERT_TRUE(verdict.failure);
  EXPECT_EQ(verdict.failure->line, 42);
  EXPECT_EQ(verdict.failure->event, EventNumber(80));
}

TEST(Judge, CatchsStatusForAllSkippedIsASkip) {
  EXPECT_EQ(Attempt(exited(4)).begin().mark(Mark::skipped).end(2).verdict().kind, Kind::skipped);
  EXPECT_EQ(Attempt(exited(4)).begin().end(1).verdict().kind, Kind::failed);
  EXPECT_EQ(Attempt(exited(5)).begin().mark(Mark::skipped).end(2).verdict().kind, Kind::failed);
}

TEST(Judge, FailedAssertionsOfChildrenCountIfTheyAreFollowed) {
  Attempt attempt(exited(0));
  attempt.begin().mark(Mark::assertion_failed, 0, "lost", kChild).end(1);
  EXPECT_EQ(attempt.verdict().kind, Kind::passed);
  Rules all;
  all.follow = Follow::all;
  const Verdict verdict = judge(attempt.result, all);
  ASSERT_EQ(verdict.kind, Kind::failed);
  EXPECT_EQ(verdict.failure->message, "in child process 200: lost");
  EXPECT_EQ(verdict.failure->tid, Tid(201));
}

TEST(Judge, AFailureOfAChildNamesTheCaseItBelongsToOrOutlived) {
  Rules all(Marks::optional);
  all.follow = Follow::all;
  Attempt inside(exited(0));
  inside.mark(Mark::case_begin, 0, "A").mark(Mark::case_end, 1, "A");
  inside.mark(Mark::case_begin, 0, "B").mark(Mark::assertion_failed, 0, "x", kChild);
  inside.mark(Mark::case_end, 1, "B");
  EXPECT_EQ(judge(inside.result, all).failure->message, "in child process 200: x\nin case B");
  Attempt after(exited(0));
  after.mark(Mark::case_begin, 0, "A").mark(Mark::case_end, 1, "A");
  after.mark(Mark::assertion_failed, 0, "x", kChild);
  EXPECT_EQ(judge(after.result, all).failure->message,
            "in child process 200: x\nin case A, which it outlived");
}

TEST(Judge, AFaultOfAChildIsToldWithTheParentsFailure) {
  Attempt attempt(exited(1));
  attempt.begin().mark(Mark::assertion_failed, 0, "status").end(0);
  attempt.result.deaths.push_back({EventNumber(69), Tid(200), kChild, SIGTERM});
  attempt.result.deaths.push_back({EventNumber(70), Tid(200), kChild, SIGSEGV});
  EXPECT_EQ(attempt.verdict().failure->message,
            "status\nchild process 200 died by SIGSEGV (event 70)");
}

TEST(Judge, EachConditionCanBeLeftOut) {
  Rules none(Marks::optional);
  none.fail_on = {false, false, false, {}};
  EXPECT_EQ(judge(Attempt(exited(1)).result, none).kind, Kind::passed);
  EXPECT_EQ(judge(Attempt(SIGSEGV).result, none).kind, Kind::passed);
  Attempt hang(SIGKILL);
  hang.result.reason = EndEvent::Reason::timed_out;
  EXPECT_EQ(judge(hang.result, none).kind, Kind::passed);
  EXPECT_EQ(hang.verdict(Marks::optional).kind, Kind::timed_out);
  // What an assertion says is never left out.
  Attempt failed(exited(0));
  EXPECT_EQ(judge(failed.mark(Mark::assertion_failed).result, none).kind, Kind::failed);
}

TEST(Judge, OutputThatMatchesAPatternIsAFailureAtTheWriteThatCompletesIt) {
  Rules rules(Marks::optional);
  rules.fail_on.patterns = {"^lost [0-9]+"};
  Attempt attempt(exited(0));
  attempt.result.output = {{EventNumber(5), 1, "all well, not lost 1\nlo"},
                           {EventNumber(7), 1, "st 12 bytes\nmore"},
                           {EventNumber(9), 2, "end"}};
  const Verdict verdict = judge(attempt.result, rules);
  ASSERT_EQ(verdict.kind, Kind::failed);
  EXPECT_EQ(verdict.failure->event, EventNumber(7));
  EXPECT_EQ(verdict.failure->message, "the output matches \"^lost [0-9]+\": lost 12 bytes");
  rules.fail_on.patterns = {"lost ["};
  EXPECT_THROW(judge(attempt.result, rules), UsageError);
  rules.fail_on.patterns = {"found"};
  EXPECT_EQ(judge(attempt.result, rules).kind, Kind::passed);
}

TEST(JudgeProgram, LooksAtTheEndAlone) {
  EXPECT_EQ(judge_program(Attempt(exited(0)).result).kind, Kind::passed);
  EXPECT_EQ(to_string(judge_program(Attempt(exited(3)).result)), "passed (exit status 3)");
  EXPECT_EQ(to_string(judge_program(Attempt(SIGSEGV).result)), "crashed (SIGSEGV)");
}

TEST(ShellStatus, IsWhatAShellShows) {
  EXPECT_EQ(shell_status(exited(7)), 7);
  EXPECT_EQ(shell_status(SIGTERM), 143);
}

}  // namespace
}  // namespace ttrace
