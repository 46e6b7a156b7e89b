#pragma once

#include <optional>
#include <string>
#include <vector>

#include "record/recorder.h"
#include "trace/info.h"

namespace ttrace {

/// What an attempt says about its case.
struct Verdict {
  enum class Kind {
    passed,
    skipped,       ///< a pass that the framework calls skipped; `detail`: the reason
    failed,        ///< an assertion, or the framework or the exit code says so
    crashed,       ///< died by a signal
    exited_early,  ///< ended before the case did, exit(0) inside a test included
    timed_out,
    not_recordable,  ///< says nothing about the test; `detail`: what cannot be recorded
    interrupted,     ///< the user ended it; says nothing about the test
  };
  Kind kind = Kind::passed;
  std::string detail;              ///< one line: "SIGSEGV", "exit status 3"...; may be empty
  std::optional<Failure> failure;  ///< of the kinds that are failures

  bool is_failure() const {
    return kind == Kind::failed || kind == Kind::crashed || kind == Kind::exited_early ||
           kind == Kind::timed_out;
  }
};

/// "passed", "exited early"...: TraceInfo::verdict.
const char* verdict_name(Verdict::Kind kind);
/// With the detail: "crashed (SIGSEGV)".
std::string to_string(const Verdict& verdict);

/// Whether the program is known to send marks.
enum class Marks {
  required,  ///< it links a listener: an attempt without a case-end mark ended early
  optional,  ///< unknown: an attempt without any mark is judged by its exit code
};

/// Whose failed assertions decide. Deaths of children never do: their parent sees them, and death
/// tests expect them.
enum class Follow {
  parent,  ///< the first process's; what a child said is added to its failure
  all,  ///< every process's: a test that forks and does not look how its children fare fails, too
};

/// What else than failed assertions makes an attempt fail.
struct FailOn {
  bool exit_status = true;  ///< other than 0
  bool signal = true;       ///< the first process died by one
  bool timeout = true;
  std::vector<std::string>
      patterns;  ///< POSIX extended regular expressions, matched with the output
};

/// How attempts are judged.
struct Rules {
  Rules(Marks known = Marks::required) : marks(known) {}
  Marks marks;
  Follow follow = Follow::parent;
  FailOn fail_on;
};

/// Judges one attempt of one case (or of a whole program). The end of the first process counts, and
/// the marks of those processes that the rules follow: other children may die or fail as the test
/// expects. A failure of a child names it. Throws UsageError for a pattern that is none.
Verdict judge(const RecordResult& result, const Rules& rules);

/// Judges a program that has no cases: a crash, a hang or a failed assertion of a listener is a
/// failure, an exit code is not.
Verdict judge_program(const RecordResult& result);

/// The status that a shell would give for a wait status: the exit code, or 128 + signal.
int shell_status(int wait_status);

}  // namespace ttrace
