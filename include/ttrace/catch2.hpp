// Tells the recorder what Catch2 does: where a case begins and ends, which sections it enters,
// which assertion failed. Catch2 2.13 and 3.x, C++14.
//
// Not needed with the target ttrace::catch2, which brings it along. Without CMake, include it once,
// in the file that has Catch2's main (after catch.hpp with CATCH_CONFIG_MAIN or
// CATCH_CONFIG_RUNNER; with Catch2 3: anywhere), and link ttrace_start.
#ifndef TTRACE_CATCH2_HPP
#define TTRACE_CATCH2_HPP

#if defined(__has_include) && !defined(TWOBLUECUBES_SINGLE_INCLUDE_CATCH_HPP_INCLUDED)
#if __has_include(<catch2/catch_version_macros.hpp>)
#include <catch2/catch_test_case_info.hpp>
#include <catch2/catch_version_macros.hpp>
#include <catch2/reporters/catch_reporter_event_listener.hpp>
#include <catch2/reporters/catch_reporter_registrars.hpp>
#endif
#endif

#if !defined(CATCH_VERSION_MAJOR)
#error "include catch.hpp before ttrace/catch2.hpp, in the file that defines CATCH_CONFIG_MAIN"
#endif
#if CATCH_VERSION_MAJOR < 3 && !defined(CATCH_CONFIG_EXTERNAL_INTERFACES) && \
    !defined(CATCH_CONFIG_MAIN) && !defined(CATCH_CONFIG_RUNNER)
#error "include ttrace/catch2.hpp in the file that defines CATCH_CONFIG_MAIN or CATCH_CONFIG_RUNNER"
#endif

#include <cstddef>
#include <string>

#include "ttrace/mark.h"

// What the supervisor is told; read by the start lines.
extern "C" {
extern const char ttrace_framework_name[];
const char ttrace_framework_name[] = "catch2\0ttrace listener for catch2";
}

namespace ttrace_catch2 {
namespace {

#if CATCH_VERSION_MAJOR >= 3
using ListenerBase = Catch::EventListenerBase;
using AssertionEndedResult = void;
#else
using ListenerBase = Catch::TestEventListenerBase;
using AssertionEndedResult = bool;  // false: Catch2 keeps its messages
#endif

// SKIP is of 3.3.
template <typename Counts>
auto was_skipped(const Counts& counts, int) -> decltype(counts.skipped > 0) {
  return counts.skipped > 0;
}
template <typename Counts>
bool was_skipped(const Counts&, long) {
  return false;
}

// "part 12", in storage of the caller's.
struct PartName {
  char text[32];
  explicit PartName(unsigned number) {
    char digits[12];
    std::size_t count = 0;
    do digits[count++] = static_cast<char>('0' + number % 10);
    while ((number /= 10) > 0);
    std::size_t at = 0;
    for (const char* prefix = "part "; *prefix != '\0'; ++prefix) text[at++] = *prefix;
    while (count > 0) text[at++] = digits[--count];
    text[at] = '\0';
  }
};

inline void send(ttrace_mark_kind kind, const Catch::SourceLineInfo& place, const char* text,
                 std::int64_t value = 0) {
  ttrace_mark mark{};
  mark.kind = kind;
  mark.line = static_cast<std::int32_t>(place.line);
  mark.file = place.file;
  mark.text = text;
  mark.value = value;
  ttrace_send_mark(&mark);
}

// "REQUIRE( a == b ): 1 == 2", and the messages on lines of their own.
inline std::string message_of(const Catch::AssertionStats& stats) {
  const Catch::AssertionResult& result = stats.assertionResult;
  std::string text;
  if (result.hasExpression()) text += result.getExpressionInMacro();
  if (result.hasExpandedExpression()) text += ": " + result.getExpandedExpression();
  if (result.hasMessage()) {
    if (!text.empty()) text += ": ";
    text += static_cast<std::string>(result.getMessage());
  }
  for (const Catch::MessageInfo& info : stats.infoMessages) {
    // FAIL, SKIP: the result's message is among them.
    if (info.message == static_cast<std::string>(result.getMessage())) continue;
    text += (text.empty() ? "" : "\n") + info.message;
  }
  return text;
}

/// Sends one mark for each thing that happens. Catch2 owns it. A case is one case however often it
/// is entered; each time is a part (a section without a name of its own).
///
/// Catch2 reports a fatal signal from its handler: assertionEnded with FatalErrorCondition, then
/// the ends of section and case. On this way nothing is allocated, nothing is locked, and a mark is
/// one system call.
class Listener : public ListenerBase {
 public:
  using ListenerBase::ListenerBase;

  void testCaseStarting(const Catch::TestCaseInfo& test) override {
    depth_ = 0;
    part_ = 0;
    may_fail_ = test.okToFail();
    send(TTRACE_MARK_CASE_BEGIN, test.lineInfo, test.name.c_str());
  }

  void sectionStarting(const Catch::SectionInfo& section) override {
    if (depth_++ == 0) {
      send(TTRACE_MARK_SECTION_BEGIN, section.lineInfo, PartName(++part_).text);
    } else {
      send(TTRACE_MARK_SECTION_BEGIN, section.lineInfo, section.name.c_str());
    }
  }

  void sectionEnded(const Catch::SectionStats& stats) override {
    const Catch::SectionInfo& section = stats.sectionInfo;
    if (depth_ > 0) --depth_;
    if (depth_ == 0) {
      send(TTRACE_MARK_SECTION_END, section.lineInfo, PartName(part_).text);
    } else {
      send(TTRACE_MARK_SECTION_END, section.lineInfo, section.name.c_str());
    }
  }

  AssertionEndedResult assertionEnded(const Catch::AssertionStats& stats) override {
    const Catch::AssertionResult& result = stats.assertionResult;
    const auto type = result.getResultType();
    const Catch::SourceLineInfo place = result.getSourceInfo();
    if (type == Catch::ResultWas::FatalErrorCondition) {
      send(TTRACE_MARK_ASSERTION_FAILED, place, result.m_resultData.message.c_str(),
           TTRACE_FAILED_SIGNAL);
    } else if (is_skip(type)) {
      send(TTRACE_MARK_SKIPPED, place, message_of(stats).c_str());
    } else if (!result.isOk()) {
      // In a case that may fail it decides nothing.
      const bool ends = (result.m_info.resultDisposition & Catch::ResultDisposition::Normal) != 0;
      send(may_fail_ ? TTRACE_MARK_FREE_TEXT : TTRACE_MARK_ASSERTION_FAILED, place,
           message_of(stats).c_str(), ends ? TTRACE_FAILED_ENDS_CASE : TTRACE_FAILED_GOES_ON);
    }
    return AssertionEndedResult();
  }

  void testCaseEnded(const Catch::TestCaseStats& stats) override {
    const Catch::TestCaseInfo& test = *info_of(stats.testInfo);
    std::int64_t value = TTRACE_CASE_PASSED;
    if (was_skipped(stats.totals.testCases, 0)) value = TTRACE_CASE_SKIPPED;
    if (stats.totals.testCases.failed > 0) value = TTRACE_CASE_FAILED;
    send(TTRACE_MARK_CASE_END, test.lineInfo, test.name.c_str(), value);
  }

 private:
  // A pointer in 3.x, an object in 2.13.
  static const Catch::TestCaseInfo* info_of(const Catch::TestCaseInfo* info) { return info; }
  static const Catch::TestCaseInfo* info_of(const Catch::TestCaseInfo& info) { return &info; }

  static bool is_skip(Catch::ResultWas::OfType type) {
#if CATCH_VERSION_MAJOR > 3 || (CATCH_VERSION_MAJOR == 3 && CATCH_VERSION_MINOR >= 3)
    return type == Catch::ResultWas::ExplicitSkip;
#else
    (void)type;
    return false;
#endif
  }

  unsigned depth_ = 0;  // of sections; the case itself is the outermost
  unsigned part_ = 0;
  bool may_fail_ = false;
};

// What CATCH_REGISTER_LISTENER does, but only under the recorder: to 2.13 a listener means that
// every passing assertion is put into words.
template <typename Registrar>
auto register_with(int) -> decltype(Registrar(Catch::StringRef("ttrace")), void()) {
  Registrar(Catch::StringRef("ttrace"));
}
template <typename Registrar>
void register_with(long) {
  Registrar();
}

inline bool register_listener() {
  if (!ttrace_recorded()) return false;
  register_with<Catch::ListenerRegistrar<Listener>>(0);
  return true;
}

}  // namespace
}  // namespace ttrace_catch2

// Whether the listener is there. The linker is told to look for this name, so that a static archive
// keeps the file that has it.
extern "C" {
extern const bool ttrace_catch2_listener;
const bool ttrace_catch2_listener = ttrace_catch2::register_listener();
}

#endif  // TTRACE_CATCH2_HPP
