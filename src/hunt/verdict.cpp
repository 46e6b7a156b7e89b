#include "hunt/verdict.h"

#include <sys/wait.h>

#include <algorithm>

#include "syscalls/table.h"

namespace ttrace {
namespace {

using Kind = Verdict::Kind;
using MarkKind = MarkEvent::Kind;

// MarkEvent::value of a case_end.
constexpr std::int64_t kCaseFailed = 0, kCasePassed = 1, kCaseSkipped = 2;

const SeenMark* first_mark(const RecordResult& result, MarkKind kind, bool of_root = true) {
  const auto found = std::ranges::find_if(result.marks, [&](const SeenMark& seen) {
    return seen.mark.kind == kind && (seen.pid == result.root) == of_root;
  });
  return found == result.marks.end() ? nullptr : &*found;
}

bool root_sent_marks(const RecordResult& result) {
  return std::ranges::any_of(result.marks,
                             [&](const SeenMark& seen) { return seen.pid == result.root; });
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
  return failure;
}

std::string exit_status_text(int status) { return "status " + std::to_string(WEXITSTATUS(status)); }

// What is known besides the mark of a failed assertion.
std::string end_besides_assertion(const RecordResult& result, bool ended) {
  if (WIFSIGNALED(result.status)) return "then died by " + signal_name(WTERMSIG(result.status));
  if (!ended) return "then exited early with " + exit_status_text(result.status);
  return "";
}

// Says what a failed assertion in a child said: it is often why the parent failed.
void add_child_assertion(const RecordResult& result, Failure& failure) {
  const SeenMark* mark = first_mark(result, MarkKind::assertion_failed, /*of_root=*/false);
  if (!mark) return;
  failure.message += (failure.message.empty() ? "" : "\n") + std::string("in child process ") +
                     std::to_string(mark->pid.value()) + ": " + mark->mark.file + ":" +
                     std::to_string(mark->mark.line) + ": " + mark->mark.text + " (event " +
                     std::to_string(mark->event.value()) + ")";
}

Verdict judge_hang(const RecordResult& result) {
  const SeenMark* assertion = first_mark(result, MarkKind::assertion_failed);
  if (assertion) return {Kind::timed_out, "after a failed assertion", failure_of(*assertion)};
  return {Kind::timed_out, "", failure_at_exit(result, "still running at the time limit")};
}

Verdict judge_end(const RecordResult& result, Marks marks) {
  const int status = result.status;
  const std::optional<std::int64_t> end = case_result(result);
  if (const SeenMark* mark = first_mark(result, MarkKind::assertion_failed)) {
    return {Kind::failed, end_besides_assertion(result, end.has_value()), failure_of(*mark)};
  }
  if (end == kCaseFailed) {
    return {Kind::failed, "", failure_at_exit(result, "the case ended as failed")};
  }
  if (WIFSIGNALED(status)) {
    const std::string signal = signal_name(WTERMSIG(status));
    return {Kind::crashed, end ? signal + " after the case passed" : signal,
            failure_at_death(result, WTERMSIG(status))};
  }
  const SeenMark* skip = first_mark(result, MarkKind::skipped);
  if (!end) {
    // A skip in the set-up of the whole program: no case begins, and all is well.
    const bool began = first_mark(result, MarkKind::case_begin) != nullptr;
    if (skip && !began && status == 0) return {Kind::skipped, skip->mark.text, {}};
    if (marks == Marks::required || root_sent_marks(result)) {
      const std::string detail = exit_status_text(status);
      return {Kind::exited_early, detail,
              failure_at_exit(result, began ? "exited with " + detail + " inside the case"
                                            : "exited with " + detail + " before the case began")};
    }
  }
  if (status != 0) {
    const std::string detail = "exit " + exit_status_text(status);
    const std::string message = end ? detail + " after the case passed" : detail;
    return {Kind::failed, message, failure_at_exit(result, message)};
  }
  if (end == kCaseSkipped) return {Kind::skipped, skip ? skip->mark.text : "", {}};
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

Verdict judge(const RecordResult& result, Marks marks) {
  if (result.not_recordable) return {Kind::not_recordable, *result.not_recordable, {}};
  if (result.reason == EndEvent::Reason::interrupted) return {Kind::interrupted, "", {}};
  Verdict verdict =
      result.reason == EndEvent::Reason::timed_out ? judge_hang(result) : judge_end(result, marks);
  if (verdict.failure) add_child_assertion(result, *verdict.failure);
  return verdict;
}

Verdict judge_program(const RecordResult& result) {
  if (result.not_recordable) return {Kind::not_recordable, *result.not_recordable, {}};
  if (result.reason == EndEvent::Reason::interrupted) return {Kind::interrupted, "", {}};
  if (result.reason == EndEvent::Reason::timed_out) return judge_hang(result);
  if (WIFSIGNALED(result.status)) {
    const int signal = WTERMSIG(result.status);
    return {Kind::crashed, signal_name(signal), failure_at_death(result, signal)};
  }
  // A test program may be recorded whole: its first failed assertion is where a debugger begins.
  if (const SeenMark* mark = first_mark(result, MarkKind::assertion_failed)) {
    return {Kind::failed, "exit " + exit_status_text(result.status), failure_of(*mark)};
  }
  // An exit code means what the program wants it to mean.
  const std::string detail = "exit " + exit_status_text(result.status);
  return {Kind::passed, result.status == 0 ? "" : detail, {}};
}

int shell_status(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

}  // namespace ttrace
