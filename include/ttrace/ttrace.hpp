// Cases, assertions and notes of any test program, for ttrace. C++14. What ttrace.h says of its
// functions holds here, too: a few instructions when not recorded, one system call when recorded,
// from any thread, process or signal handler.
#ifndef TTRACE_TTRACE_HPP
#define TTRACE_TTRACE_HPP

#include <string>

#include "ttrace/ttrace.h"

namespace ttrace {

/// Whether this process is recorded.
inline bool recorded() noexcept { return ttrace_recorded() != 0; }

/// One case, as long as the object lives. Ends as passed unless it was told otherwise; also when it
/// is left by an exception, which whoever catches it turns into fail().
class Case {
 public:
  explicit Case(const char* name, const char* file = nullptr, int line = 0) noexcept : name_(name) {
    ttrace_case_begin(name, file, line);
  }
  Case(const Case&) = delete;
  Case& operator=(const Case&) = delete;
  ~Case() { ttrace_case_end(name_, result_); }

  void fail() noexcept { result_ = TTRACE_CASE_FAILED; }
  void skip() noexcept { result_ = TTRACE_CASE_SKIPPED; }

 private:
  const char* name_;  // must outlive the object
  ttrace_case_result result_ = TTRACE_CASE_PASSED;
};

/// An assertion was evaluated.
inline void assertion(bool passed, const char* file, int line, const char* message) noexcept {
  ttrace_assertion(passed ? 1 : 0, file, line, message);
}

/// A mark of your own.
inline void note(const char* text) noexcept { ttrace_note(text); }
inline void note(const std::string& text) noexcept { ttrace_note(text.c_str()); }

/// The same with a text that is made only when recorded: note_of([&] { return "n = " + ...; }).
template <typename MakeText>
void note_of(MakeText&& make_text) {
  if (recorded()) note(make_text());
}

}  // namespace ttrace

#endif  // TTRACE_TTRACE_HPP
