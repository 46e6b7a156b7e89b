#include "hunt/hunt.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <map>

#include "hunt/bench.h"
#include "hunt/seeds.h"

namespace ttrace {
namespace {

enum class What { pass, skip, fail, crash, not_recordable, throw_not_recordable, interrupt, error };

// A world in which attempts do what a script says, and the clock moves by a tenth of a second each.
class FakeLab : public Lab {
 public:
  std::map<std::string, std::map<int, What>> script;  // by case and attempt; else it passes
  std::vector<std::string> warnings;
  Verification verification;
  bool disk_full = false;
  std::atomic<bool> interrupted{false};

  std::map<std::string, std::string> stacks;  // by path

  std::map<std::string, int> attempts;
  std::vector<std::uint64_t> seeds;
  std::vector<Chaos> chaos_asked;
  std::vector<TraceInfo> kept;
  int verified = 0;

  RecordResult attempt(const TestCase& test, const AttemptOrder& order) override {
    chaos_asked.push_back(order.chaos);
    clock_ += std::chrono::milliseconds(100);
    seeds.push_back(order.seed);
    ++attempts[test.name];
    const auto& lines = script[test.name];
    const auto line = lines.find(order.attempt);
    return result_of(line == lines.end() ? What::pass : line->second);
  }
  std::string keep(const RecordResult&, TraceInfo info) override {
    if (disk_full) throw Error("cannot write d/x: No space left on device");
    kept.push_back(info);
    const auto number = std::ranges::count(kept, info.case_name, &TraceInfo::case_name);
    return "d/" + trace_stem(info.case_name) + "-" + std::to_string(number) + ".ttrace";
  }
  Verification verify(const std::string&, const RecordResult&) override {
    ++verified;
    return verification;
  }
  std::string stack_of(const std::string& path) override { return stacks[path]; }
  std::uint64_t size_of(const std::string&) override { return 312 * 1024; }
  std::chrono::milliseconds now() override { return clock_; }

 private:
  RecordResult result_of(What what) {
    RecordResult result;
    result.root = Pid(1);
    result.warnings = warnings;
    result.output = {{EventNumber(3), 1, "to stdout\n"}, {EventNumber(4), 2, "to stderr"}};
    const auto mark = [&](MarkEvent::Kind kind, std::int64_t value, const char* text) {
      SeenMark seen;
      seen.event = EventNumber(1184);
      seen.tid = Tid(3);
      seen.pid = Pid(1);
      seen.mark.kind = kind;
      seen.mark.value = value;
      seen.mark.file = "/src/queue_test.cpp";
      seen.mark.line = 42;
      seen.mark.text = text;
      result.marks.push_back(seen);
    };
    mark(MarkEvent::Kind::case_begin, 0, "");
    switch (what) {
      case What::pass:
        mark(MarkEvent::Kind::case_end, 1, "");
        break;
      case What::skip:
        mark(MarkEvent::Kind::skipped, 0, "no network");
        mark(MarkEvent::Kind::case_end, 2, "");
        break;
      case What::fail:
        mark(MarkEvent::Kind::assertion_failed, 0, "Expected equality of these values:\n  a");
        mark(MarkEvent::Kind::case_end, 0, "");
        result.status = 1 << 8;
        break;
      case What::crash:
        result.status = SIGSEGV;
        break;
      case What::not_recordable:
        result.not_recordable = "system call io_submit";
        break;
      case What::throw_not_recordable:
        throw NotRecordable("another architecture");
      case What::interrupt:
        interrupted = true;
        result.reason = EndEvent::Reason::interrupted;
        break;
      case What::error:
        throw Error("ptrace is refused");
    }
    return result;
  }

  std::chrono::milliseconds clock_{0};
};

struct Hunting {
  FakeLab lab;
  HuntPlan plan;
  HuntResults results;
  std::string out, err;
  std::vector<std::string> removed;
  bool terminal = false;

  explicit Hunting(int attempts, std::vector<std::string> names = {"Queue.Push", "Queue.Race"}) {
    plan.framework = "gtest";
    plan.attempts = attempts;
    plan.seed = 7;
    plan.interrupted = &lab.interrupted;
    plan.debug_command = [](const std::string& path) { return "./t --ttrace-replay=" + path; };
    plan.remove_trace = [this](const std::string& path) { removed.push_back(path); };
    for (const std::string& name : names) plan.cases.push_back({name, "", 0});
  }

  int run() {
    Console console{[this](std::string_view text) { out += text; },
                    [this](std::string_view text) { err += text; }, terminal, 60};
    Progress progress(console, [this] { return lab.now(); });
    LocalCrew crew(lab, plan.cases, Marks::required);
    progress.begin(plan.cases,
                   {plan.attempts, plan.time, crew.size(), plan.seed, "--ttrace-seed=7"});
    hunt(plan, crew, progress, results);
    progress.end(results);
    return exit_code(results, SIGINT);
  }
};

TEST(Hunt, RunsEveryCaseAsOftenAsAskedAndKeepsNoPass) {
  Hunting hunting(5);
  EXPECT_EQ(hunting.run(), 0);
  EXPECT_EQ(hunting.lab.attempts["Queue.Push"], 5);
  EXPECT_EQ(hunting.lab.attempts["Queue.Race"], 5);
  EXPECT_TRUE(hunting.lab.kept.empty());
  EXPECT_EQ(hunting.out,
            "[ttrace] 2 cases, up to 5 attempts each, seed 7 (repeat with --ttrace-seed=7)\n"
            "[ttrace] Queue.Push            5/5 passed                0.5 s    rate under 46 % "
            "with 95 % confidence\n"
            "[ttrace] Queue.Race            5/5 passed                0.5 s    rate under 46 % "
            "with 95 % confidence\n"
            "[ttrace] 2 cases: 2 passed; 10 attempts in 1.0 s (10/s)\n");
  EXPECT_EQ(hunting.err, "");
}

TEST(Hunt, StopsACaseAtItsFirstFailureKeepsItAndGoesOn) {
  Hunting hunting(10);
  hunting.lab.script["Queue.Push"][3] = What::fail;
  EXPECT_EQ(hunting.run(), 1);
  EXPECT_EQ(hunting.lab.attempts["Queue.Push"], 3);
  EXPECT_EQ(hunting.lab.attempts["Queue.Race"], 10);
  ASSERT_EQ(hunting.lab.kept.size(), 1u);
  const TraceInfo& info = hunting.lab.kept[0];
  EXPECT_EQ(info.case_name, "Queue.Push");
  EXPECT_EQ(info.framework, "gtest");
  EXPECT_EQ(info.verdict, "failed");
  EXPECT_EQ(info.attempt, 3);
  EXPECT_EQ(info.seed, attempt_seed(7, "Queue.Push", 3));
  ASSERT_TRUE(info.failure);
  EXPECT_EQ(info.failure->event, EventNumber(1184));
  EXPECT_EQ(hunting.lab.verified, 1);
}

TEST(Hunt, TellsAFailureWithItsOutputAndOnlyIts) {
  Hunting hunting(10, {"Queue.Race"});
  hunting.lab.script["Queue.Race"][3] = What::fail;
  hunting.run();
  EXPECT_EQ(
      hunting.out,
      "[ttrace] 1 case, up to 10 attempts each, seed 7 (repeat with --ttrace-seed=7)\n"
      "[ttrace] Queue.Race            FAILED on attempt 3       0.3 s\n"
      "    rate    1 of 3 attempts: 33 % (95 %: 0.84 % to 85 %)\n"
      "    queue_test.cpp:42: Expected equality of these values: a   <- event 1184, thread 3\n"
      "    trace   d/Queue.Race-1.ttrace (312 KiB), replay verified\n"
      "    debug   ./t --ttrace-replay=d/Queue.Race-1.ttrace\n"
      "    output  of attempt 3:\n"
      "to stdout\nto stderr\n"
      "[ttrace] 1 case: 0 passed, 1 failed; 3 attempts in 0.3 s (10/s)\n");
}

TEST(Hunt, NamesWhatKindOfFailureItWas) {
  Hunting hunting(10, {"Queue.Race"});
  hunting.lab.script["Queue.Race"][1] = What::crash;
  EXPECT_EQ(hunting.run(), 1);
  EXPECT_NE(hunting.out.find("crashed (SIGSEGV) on attempt 1"), std::string::npos) << hunting.out;
  EXPECT_EQ(hunting.lab.kept.at(0).verdict, "crashed");
}

TEST(Hunt, GivesEveryAttemptItsOwnSeed) {
  Hunting hunting(3, {"A.B"});
  hunting.run();
  EXPECT_EQ(hunting.lab.seeds,
            (std::vector<std::uint64_t>{attempt_seed(7, "A.B", 1), attempt_seed(7, "A.B", 2),
                                        attempt_seed(7, "A.B", 3)}));
}

TEST(Hunt, BeginsEachCaseWithoutChaosUnlessAskedOtherwise) {
  Hunting usual(3);
  usual.run();
  const std::vector<Chaos> of_a_case = {Chaos::off, Chaos::mixed, Chaos::mixed};
  std::vector<Chaos> expected = of_a_case;
  expected.insert(expected.end(), of_a_case.begin(), of_a_case.end());
  EXPECT_EQ(usual.lab.chaos_asked, expected);
  Hunting asked(2, {"Queue.Push"});
  asked.plan.chaos = Chaos::on;
  asked.run();
  EXPECT_EQ(asked.lab.chaos_asked, (std::vector<Chaos>{Chaos::on, Chaos::on}));
}

TEST(Hunt, ASkippedCaseIsNoFailureAndIsShown) {
  Hunting hunting(2, {"A.B", "A.C"});
  hunting.lab.script["A.B"] = {{1, What::skip}, {2, What::skip}};
  hunting.lab.script["A.C"] = {{2, What::skip}};
  EXPECT_EQ(hunting.run(), 0);
  EXPECT_EQ(hunting.lab.attempts["A.B"], 1) << "what is skipped at once is not repeated";
  EXPECT_NE(hunting.out.find("A.B                   skipped (no network) "), std::string::npos)
      << hunting.out;
  EXPECT_NE(hunting.out.find("A.C                   2/2 passed, 1 skipped (no network) "),
            std::string::npos)
      << hunting.out;
  EXPECT_NE(hunting.out.find("2 cases: 1 passed, 1 skipped; "), std::string::npos) << hunting.out;
  // CTest takes this for a skip of everything.
  EXPECT_EQ(hunting.out.find("[  SKIPPED ]"), std::string::npos);
}

TEST(Hunt, NotRecordableEndsTheCaseAndIsNoFailure) {
  Hunting hunting(5, {"A.B", "A.C", "A.D"});
  hunting.lab.script["A.B"][2] = What::not_recordable;
  hunting.lab.script["A.C"][1] = What::throw_not_recordable;
  EXPECT_EQ(hunting.run(), 2);
  EXPECT_EQ(hunting.lab.attempts["A.B"], 2);
  EXPECT_EQ(hunting.lab.attempts["A.C"], 1);
  EXPECT_EQ(hunting.lab.attempts["A.D"], 5);
  EXPECT_NE(hunting.out.find("not recordable: system call io_submit (attempt 2)"),
            std::string::npos);
  EXPECT_NE(hunting.out.find("not recordable: another architecture (attempt 1)"),
            std::string::npos);
  EXPECT_TRUE(hunting.lab.kept.empty());
}

TEST(Hunt, AFailureWeighsMoreThanWhatCouldNotBeRecorded) {
  Hunting hunting(5, {"A.B", "A.C"});
  hunting.lab.script["A.B"][1] = What::not_recordable;
  hunting.lab.script["A.C"][1] = What::fail;
  EXPECT_EQ(hunting.run(), 1);
}

TEST(Hunt, AnInterruptEndsItWithWhatWasFound) {
  Hunting hunting(5, {"A.B", "A.C", "A.D"});
  hunting.lab.script["A.C"][3] = What::interrupt;
  EXPECT_EQ(hunting.run(), 130);
  EXPECT_EQ(hunting.lab.attempts.count("A.D"), 0u);
  EXPECT_NE(hunting.out.find("A.C                   interrupted after 2/5, none failed"),
            std::string::npos)
      << hunting.out;
  EXPECT_NE(hunting.out.find("[ttrace] interrupted: 2 cases: 1 passed; 7 attempts"),
            std::string::npos)
      << hunting.out;
}

TEST(Hunt, AnInterruptAfterAFailureIsStillAFailure) {
  Hunting hunting(5, {"A.B", "A.C"});
  hunting.lab.script["A.B"][1] = What::fail;
  hunting.lab.script["A.C"][1] = What::interrupt;
  EXPECT_EQ(hunting.run(), 1);
}

TEST(Hunt, AnInterruptBetweenAttemptsCountsToo) {
  Hunting hunting(5);
  hunting.lab.interrupted = true;
  EXPECT_EQ(hunting.run(), 130);
  EXPECT_TRUE(hunting.lab.attempts.empty());
}

TEST(Hunt, ATraceThatCannotBeKeptLosesNoResult) {
  Hunting hunting(5);
  hunting.lab.disk_full = true;
  hunting.lab.script["Queue.Push"][2] = What::fail;
  EXPECT_EQ(hunting.run(), 2);
  EXPECT_EQ(hunting.lab.attempts["Queue.Race"], 5);
  EXPECT_EQ(hunting.lab.verified, 0);
  EXPECT_NE(hunting.out.find("FAILED on attempt 2"), std::string::npos);
  EXPECT_NE(hunting.out.find("queue_test.cpp:42"), std::string::npos);
  EXPECT_EQ(hunting.err,
            "ttrace: the trace of Queue.Push was not kept: cannot write d/x: No space left on "
            "device\n");
}

TEST(Hunt, ATraceThatDoesNotReplayIsSaidToBeOurDefect) {
  Hunting hunting(5);
  hunting.lab.script["Queue.Push"][2] = What::fail;
  hunting.lab.verification = {Verification::Outcome::failed, "at event 7: read, not write"};
  EXPECT_EQ(hunting.run(), 1);
  EXPECT_EQ(hunting.lab.kept.size(), 1u);
  EXPECT_NE(hunting.out.find("replay NOT verified"), std::string::npos);
  EXPECT_NE(
      hunting.err.find("replay of d/Queue.Push-1.ttrace diverged: at event 7: read, not write"),
      std::string::npos)
      << hunting.err;
}

TEST(Hunt, TellsAWarningOnce) {
  Hunting hunting(5);
  hunting.lab.warnings = {"t: no .eh_frame"};
  hunting.run();
  EXPECT_EQ(hunting.err, "[ttrace] warning: t: no .eh_frame\n");
}

TEST(Hunt, ARecorderThatCannotRunEndsItWithTheTallySoFar) {
  Hunting hunting(5);
  hunting.lab.script["Queue.Race"][1] = What::error;
  EXPECT_THROW(hunting.run(), Error);
  EXPECT_EQ(hunting.results.count(CaseResult::Outcome::passed), 1);
  EXPECT_EQ(hunting.results.attempts(), 5u);
}

TEST(Hunt, OnATerminalALineIsRewrittenAndClearedBeforeAResult) {
  Hunting hunting(3, {"A.B"});
  hunting.terminal = true;
  hunting.run();
  EXPECT_NE(hunting.out.find("\r\033[K[ttrace] A.B                   2/3  10 attempts/s"),
            std::string::npos)
      << hunting.out;
  EXPECT_NE(hunting.out.find("\r\033[K[ttrace] A.B                   3/3 passed"),
            std::string::npos)
      << hunting.out;
}

TEST(Hunt, OnATerminalTheChangingLineNeverWraps) {
  Hunting hunting(3, {std::string(200, 'x')});
  hunting.terminal = true;
  hunting.run();
  const std::string start = "\r\033[K";
  const std::size_t begin = hunting.out.find(start) + start.size();
  EXPECT_EQ(hunting.out.find(start, begin) - begin, 59u);
}

TEST(Hunt, GoesOnAfterAFailureWhenSeveralAreToBeKept) {
  Hunting hunting(10, {"A.B"});
  hunting.plan.goes_on = true;
  hunting.plan.keep = 3;
  hunting.lab.script["A.B"] = {{2, What::fail}, {4, What::crash}, {6, What::fail}};
  EXPECT_EQ(hunting.run(), 1);
  EXPECT_EQ(hunting.lab.attempts["A.B"], 10);
  const CaseResult& result = hunting.results.cases.at(0);
  EXPECT_EQ(result.failures, 3u);
  ASSERT_EQ(result.kept.size(), 2u);
  EXPECT_EQ(result.kept[0].attempt, 2);
  EXPECT_EQ(result.kept[0].times_seen, 2u);
  EXPECT_EQ(result.kept[1].verdict.kind, Verdict::Kind::crashed);
  EXPECT_EQ(hunting.removed, std::vector<std::string>{"d/A.B-3.ttrace"});
  EXPECT_NE(hunting.out.find("A.B                   FAILED 3 of 10"), std::string::npos)
      << hunting.out;
  EXPECT_NE(hunting.out.find("rate    3 of 10 attempts: 30 % (95 %: 6.7 % to 66 %)"),
            std::string::npos)
      << hunting.out;
}

TEST(Hunt, TellsFailuresAtOnePlaceApartByTheirStacks) {
  Hunting hunting(3, {"A.B"});
  hunting.plan.goes_on = true;
  hunting.plan.keep = 3;
  hunting.lab.script["A.B"] = {{1, What::fail}, {2, What::fail}, {3, What::fail}};
  hunting.lab.stacks = {
      {"d/A.B-1.ttrace", "f\nmain"}, {"d/A.B-2.ttrace", "g\nmain"}, {"d/A.B-3.ttrace", "f\nmain"}};
  hunting.run();
  ASSERT_EQ(hunting.results.cases.at(0).kept.size(), 2u);
  EXPECT_EQ(hunting.results.cases.at(0).kept[0].times_seen, 2u);
  EXPECT_EQ(hunting.removed, std::vector<std::string>{"d/A.B-3.ttrace"});
}

TEST(Hunt, KeepsNoMoreThanAsked) {
  Hunting hunting(4, {"A.B"});
  hunting.plan.goes_on = true;
  hunting.plan.keep = 1;
  hunting.lab.script["A.B"] = {{1, What::crash}, {2, What::fail}, {3, What::fail}};
  hunting.run();
  EXPECT_EQ(hunting.lab.kept.size(), 1u);
  EXPECT_EQ(hunting.results.cases.at(0).failures, 3u);
}

TEST(Hunt, ATimeLimitEndsItAndTheCasesTakeTurns) {
  Hunting hunting(0, {"A.B", "A.C", "A.D"});
  hunting.plan.time = std::chrono::milliseconds(800);
  hunting.lab.script["A.C"][2] = What::fail;
  EXPECT_EQ(hunting.run(), 1);
  EXPECT_EQ(hunting.lab.attempts["A.B"], 3);
  EXPECT_EQ(hunting.lab.attempts["A.C"], 2);
  EXPECT_EQ(hunting.lab.attempts["A.D"], 3);
  EXPECT_NE(hunting.out.find("3 cases, attempts for 0.8 s, seed 7"), std::string::npos)
      << hunting.out;
  EXPECT_NE(hunting.out.find("time is up: 3 cases: 2 passed, 1 failed; 8 attempts"),
            std::string::npos)
      << hunting.out;
}

TEST(Hunt, SaysWhatTheTimeDidNotAllow) {
  Hunting hunting(5, {"A.B", "A.C"});
  hunting.plan.time = std::chrono::milliseconds(100);
  EXPECT_EQ(hunting.run(), 0);
  EXPECT_NE(hunting.out.find("A.C                   not run: the time was up"), std::string::npos)
      << hunting.out;
}

}  // namespace
}  // namespace ttrace
