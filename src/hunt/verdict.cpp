#include "hunt/verdict.h"

#include <signal.h>
#include <sys/wait.h>

#include <algorithm>

#include "hunt/output_match.h"
#include "syscalls/table.h"

namespace ttrace {
namespace {

using Kind = Verdict::Kind;
using MarkKind = MarkEvent::Kind;

// MarkEvent::value of a case_end.
constexpr std::int64_t kCaseFailed = 0, kCasePassed = 1, kCaseSkipped = 2;
// MarkEvent::value of an assertion_failed: it is the framework's report of a signal.
constexpr std::int64_t kFailedBySignal = 2;

bool is_failed_assertion(const MarkEvent& mark) {
  return mark.kind == MarkKind::assertion_failed && mark.value != kFailedBySignal;
}

enum class Whose { roots, children, anybodys };

const SeenMark* first_failed_assertion(const RecordResult& result, Whose whose) {
  const auto found = std::ranges::find_if(result.marks, [&](const SeenMark& seen) {
    const bool of_root = seen.pid == result.root;
    return is_failed_assertion(seen.mark) &&
           (whose == Whose::anybodys || of_root == (whose == Whose::roots));
  });
  return found == result.marks.end() ? nullptr : &*found;
}

const SeenMark* first_mark(const RecordResult& result, MarkKind kind) {
  const auto found = std::ranges::find_if(result.marks, [&](const SeenMark& seen) {
    return seen.mark.kind == kind && seen.pid == result.root;
  });
  return found == result.marks.end() ? nullptr : &*found;
}

// The first process began a case that it did not end.
bool ends_inside_case(const RecordResult& result) {
  bool inside = false;
  for (const SeenMark& seen : result.marks) {
    if (seen.pid != result.root) continue;
    if (seen.mark.kind == MarkKind::case_begin) inside = true;
    if (seen.mark.kind == MarkKind::case_end) inside = false;
  }
  return inside;
}

// The case that the first process was in at this event: to it belongs what a child does. After the
// case's end: the case that the child outlived.
std::string case_at(const RecordResult& result, EventNumber event) {
  std::string name;
  for (const SeenMark& seen : result.marks) {
    if (seen.event > event) break;
    if (seen.pid != result.root) continue;
    if (seen.mark.kind == MarkKind::case_begin) name = seen.mark.text;
    if (seen.mark.kind == MarkKind::case_end) name = seen.mark.text + ", which it outlived";
  }
  return name;
}

std::string in_child(const SeenMark& seen) {
  return "in child process " + std::to_string(seen.pid.value()) + ": ";
}

// Signals that mean a mistake of the process itself.
bool is_fault(int signal) {
  constexpr int kFaults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
  return std::ranges::find(kFaults, signal) != std::end(kFaults);
}

// How the case ended by its own account: the worst of what the first process's case-end marks say
// (a filter with wildcards can select several cases).
std::optional<std::int64_t> case_result(const RecordResult& result) {
  std::optional<std::int64_t> worst;
  for (const SeenMark& seen : result.marks) {
    if (seen.pid != result.root || seen.mark.kind != MarkKind::case_end) continue;
    if (!worst || seen.mark.value == kCaseFailed ||
        (*worst != kCaseFailed && seen.mark.value == kCasePassed)) {
      worst = seen.mark.value;
    }
  }
  return worst;
}

Failure failure_of(const SeenMark& seen) {
  return {seen.mark.file, seen.mark.line, seen.mark.text, seen.event, seen.tid};
}

Failure failure_at_exit(const RecordResult& result, std::string message) {
  return {"", 0, std::move(message), result.exit_event, result.exit_tid};
}

Failure failure_at_death(const RecordResult& result, int signal) {
  Failure failure = failure_at_exit(result, "died by " + signal_name(signal));
  for (const SeenDeath& death : result.deaths) {
    if (death.pid != result.root) continue;
    failure.event = death.event;
    failure.tid = death.tid;
  }
  // A framework's signal handler knows which assertion came before.
  for (const SeenMark& seen : result.marks) {
    if (seen.pid != result.root || seen.mark.kind != MarkKind::assertion_failed) continue;
    if (seen.mark.value != kFailedBySignal) continue;
    failure.file = seen.mark.file;
    failure.line = seen.mark.line;
    failure.message += ", after the assertion in this line";
  }
  return failure;
}

std::string exit_status_text(int status) { return "status " + std::to_string(WEXITSTATUS(status)); }

// What is known besides the mark of a failed assertion.
std::string end_besides_assertion(const RecordResult& result, bool ended) {
  if (WIFSIGNALED(result.status)) return "then died by " + signal_name(WTERMSIG(result.status));
  if (!ended) return "then exited early with " + exit_status_text(result.status);
  return "";
}

// Says what went wrong in a child: it is often why the parent failed.
void add_child_trouble(const RecordResult& result, Failure& failure) {
  const auto add = [&](const std::string& text, EventNumber event) {
    failure.message += (failure.message.empty() ? "" : "\n") + text + " (event " +
                       std::to_string(event.value()) + ")";
  };
  if (const SeenMark* mark = first_failed_assertion(result, Whose::children)) {
    add(in_child(*mark) + mark->mark.file + ":" + std::to_string(mark->mark.line) + ": " +
            mark->mark.text,
        mark->event);
  }
  for (const SeenDeath& death : result.deaths) {
    if (death.pid == result.root || !is_fault(death.signal)) continue;
    add("child process " + std::to_string(death.pid.value()) + " died by " +
            signal_name(death.signal),
        death.event);
    break;
  }
}

// The first failed assertion that counts, as a failure.
std::optional<Failure> counted_assertion(const RecordResult& result, Follow follow) {
  const SeenMark* own = first_failed_assertion(result, Whose::roots);
  const SeenMark* any =
      follow == Follow::all ? first_failed_assertion(result, Whose::anybodys) : own;
  if (!any) return std::nullopt;
  Failure failure = failure_of(*any);
  if (any->pid != result.root) {
    failure.message = in_child(*any) + failure.message;
    // With several cases in a program: which one was running.
    const std::string name = case_at(result, any->event);
    if (!name.empty()) failure.message += "\nin case " + name;
  } else {
    add_child_trouble(result, failure);
  }
  return failure;
}

Verdict judge_hang(const RecordResult& result, const Rules& rules) {
  const auto assertion = counted_assertion(result, rules.follow);
  if (assertion) return {Kind::timed_out, "after a failed assertion", assertion};
  Failure failure = failure_at_exit(result, "still running at the time limit");
  add_child_trouble(result, failure);
  return {Kind::timed_out, "", failure};
}

std::optional<Verdict> judge_pattern(const RecordResult& result, const FailOn& fail_on) {
  for (const std::string& pattern : fail_on.patterns) {
    const std::optional<OutputMatch> match = find_in_output(result.output, pattern);
    if (!match) continue;
    Failure failure =
        failure_at_exit(result, "the output matches \"" + pattern + "\": " + match->line);
    failure.event = match->event;
    return Verdict{Kind::failed, "output", failure};
  }
  return std::nullopt;
}

// The process ended by a signal; the case may have ended before.
std::optional<Verdict> judge_death(const RecordResult& result, std::optional<std::int64_t> end,
                                   const Rules& rules) {
  if (!WIFSIGNALED(result.status) || !rules.fail_on.signal) return std::nullopt;
  const std::string signal = signal_name(WTERMSIG(result.status));
  const bool passed = end && *end != kCaseFailed;
  Failure failure = failure_at_death(result, WTERMSIG(result.status));
  add_child_trouble(result, failure);
  return Verdict{Kind::crashed, passed ? signal + " after the case passed" : signal, failure};
}

Verdict judge_end(const RecordResult& result, const Rules& rules) {
  const int status = result.status;
  const std::optional<std::int64_t> end = case_result(result);
  if (const auto failure = counted_assertion(result, rules.follow)) {
    return {Kind::failed, end_besides_assertion(result, end.has_value()), failure};
  }
  const auto failed = [&](Kind kind, const std::string& detail, const std::string& message) {
    Failure failure = failure_at_exit(result, message);
    add_child_trouble(result, failure);
    return Verdict{kind, detail, failure};
  };
  // A framework that caught the signal ends the case as failed before the process dies.
  if (end == kCaseFailed && !WIFSIGNALED(status)) {
    return failed(Kind::failed, "", "the case ended as failed");
  }
  if (const auto verdict = judge_pattern(result, rules.fail_on)) return *verdict;
  if (const auto verdict = judge_death(result, end, rules)) return *verdict;
  if (WIFSIGNALED(status)) return {Kind::passed, "died by " + signal_name(WTERMSIG(status)), {}};
  const SeenMark* skip = first_mark(result, MarkKind::skipped);
  const bool inside = ends_inside_case(result);
  if (!end || inside) {
    // A skip in the set-up of the whole program: no case begins, and all is well.
    if (skip && !inside && status == 0) return {Kind::skipped, skip->mark.text, {}};
    if (rules.marks == Marks::required || inside) {
      const std::string detail = exit_status_text(status);
      return failed(
          Kind::exited_early, detail,
          "exited with " + detail + (inside ? " inside the case" : " before the case began"));
    }
  }
  // Catch2's way to say that all were skipped.
  constexpr int kAllSkipped = 4;
  const bool skipped = end == kCaseSkipped;
  if (status != 0 && rules.fail_on.exit_status &&
      !(skipped && WEXITSTATUS(status) == kAllSkipped)) {
    const std::string detail = "exit " + exit_status_text(status);
    const std::string message = end ? detail + " after the case passed" : detail;
    return failed(Kind::failed, message, message);
  }
  if (skipped) return {Kind::skipped, skip ? skip->mark.text : "", {}};
  return {Kind::passed, "", {}};
}

}  // namespace

const char* verdict_name(Kind kind) {
  switch (kind) {
    case Kind::passed:
      return "passed";
    case Kind::skipped:
      return "skipped";
    case Kind::failed:
      return "failed";
    case Kind::crashed:
      return "crashed";
    case Kind::exited_early:
      return "exited early";
    case Kind::timed_out:
      return "timed out";
    case Kind::not_recordable:
      return "not recordable";
    case Kind::interrupted:
      return "interrupted";
  }
  return "?";
}

std::string to_string(const Verdict& verdict) {
  const std::string name = verdict_name(verdict.kind);
  return verdict.detail.empty() ? name : name + " (" + verdict.detail + ")";
}

Verdict judge(const RecordResult& result, const Rules& rules) {
  if (result.not_recordable) return {Kind::not_recordable, *result.not_recordable, {}};
  if (result.reason == EndEvent::Reason::interrupted) return {Kind::interrupted, "", {}};
  if (result.reason != EndEvent::Reason::timed_out) return judge_end(result, rules);
  if (rules.fail_on.timeout) return judge_hang(result, rules);
  if (const auto verdict = judge_pattern(result, rules.fail_on)) return *verdict;
  return {Kind::passed, "at the time limit", {}};
}

Verdict judge_program(const RecordResult& result) {
  if (result.not_recordable) return {Kind::not_recordable, *result.not_recordable, {}};
  if (result.reason == EndEvent::Reason::interrupted) return {Kind::interrupted, "", {}};
  if (result.reason == EndEvent::Reason::timed_out) return judge_hang(result, {});
  if (WIFSIGNALED(result.status)) {
    const int signal = WTERMSIG(result.status);
    return {Kind::crashed, signal_name(signal), failure_at_death(result, signal)};
  }
  // A test program may be recorded whole: its first failed assertion is where a debugger begins.
  if (const auto failure = counted_assertion(result, Follow::parent)) {
    return {Kind::failed, "exit " + exit_status_text(result.status), failure};
  }
  // An exit code means what the program wants it to mean.
  const std::string detail = "exit " + exit_status_text(result.status);
  return {Kind::passed, result.status == 0 ? "" : detail, {}};
}

int shell_status(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

}  // namespace ttrace
