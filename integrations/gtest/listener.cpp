// Tells the recorder what GoogleTest does: where a case begins and ends, which assertion failed.
#include <gtest/gtest.h>

#include <string>

#include "start.h"
#include "ttrace/mark.h"

extern "C" const char ttrace_framework_name[] = "gtest\0ttrace listener for gtest";

#ifdef TTRACE_SUPERVISOR
extern "C" {
const char ttrace_supervisor_path[] = TTRACE_SUPERVISOR;
}
#endif

namespace {

ttrace_mark mark_of(ttrace_mark_kind kind, const char* file, int line, const char* text) {
  ttrace_mark mark{};
  mark.kind = kind;
  mark.line = line > 0 ? line : 0;
  mark.file = file;
  mark.text = text;
  return mark;
}

/// Sends one mark for each thing that happens. GoogleTest owns it. Keeps no state: a forked child
/// has a copy of it, and the recorder tells processes apart by their pid.
class Listener : public ::testing::EmptyTestEventListener {
  void OnTestStart(const ::testing::TestInfo& test) override {
    const std::string name = std::string(test.test_suite_name()) + "." + test.name();
    const ttrace_mark mark =
        mark_of(TTRACE_MARK_CASE_BEGIN, test.file(), test.line(), name.c_str());
    ttrace_send_mark(&mark);
  }

  /// Comes from any thread, and with GoogleTest's mutex held: nothing of UnitTest may be asked.
  void OnTestPartResult(const ::testing::TestPartResult& part) override {
    ttrace_mark_kind kind = TTRACE_MARK_ASSERTION_FAILED;
    if (part.passed()) kind = TTRACE_MARK_ASSERTION_PASSED;
    if (part.skipped()) kind = TTRACE_MARK_SKIPPED;
    ttrace_mark mark = mark_of(kind, part.file_name(), part.line_number(), part.message());
    mark.value = part.fatally_failed() ? 1 : 0;
    ttrace_send_mark(&mark);
  }

  void OnTestEnd(const ::testing::TestInfo& test) override {
    const std::string name = std::string(test.test_suite_name()) + "." + test.name();
    ttrace_mark mark = mark_of(TTRACE_MARK_CASE_END, test.file(), test.line(), name.c_str());
    mark.value = TTRACE_CASE_FAILED;
    if (test.result()->Passed()) mark.value = TTRACE_CASE_PASSED;
    if (test.result()->Skipped()) mark.value = TTRACE_CASE_SKIPPED;
    ttrace_send_mark(&mark);
  }
};

bool append_listener() {
  if (!ttrace_recorded()) return false;
  ::testing::UnitTest::GetInstance()->listeners().Append(new Listener);
  return true;
}

}  // namespace

/// Whether the listener is there. The linker is told to look for this name (CMakeLists.txt), so
/// that a static archive keeps this file.
extern "C" {
extern const bool ttrace_gtest_listener;
const bool ttrace_gtest_listener = append_listener();
}
