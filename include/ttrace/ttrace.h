/* Cases, assertions and notes of any test program, for ttrace. C99; for C++ see ttrace.hpp.
 *
 * Link ttrace::start (pkg-config: ttrace). Then `./program --ttrace-until-fail=500` runs the whole
 * program until one of its assertions fails, it crashes, hangs or exits with another code than 0.
 *
 * Every function here:
 *   - is a call, a load and a branch when the program is not recorded: nothing is built or sent;
 *   - is one system call when it is, and returns when the recorder has taken what it was given:
 *     nothing is kept, so strings need not outlive the call (null is taken for "");
 *   - may be called from any thread and any process of the test, and from a signal handler: it
 *     allocates nothing, takes no lock, and leaves errno alone.
 * Cases of one process do not nest and do not overlap; assertions and notes belong to the case that
 * the first process of the recording is in.
 */
#ifndef TTRACE_TTRACE_H
#define TTRACE_TTRACE_H

#include <stddef.h>

#include "ttrace/mark.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ttrace_recorded() says whether this process is recorded. It does not change while it runs. */

static inline void ttrace_send(int kind, int64_t value, const char* file, int line,
                               const char* text) {
  struct ttrace_mark mark;
  mark.kind = kind;
  mark.line = line;
  mark.value = value;
  mark.file = file;
  mark.text = text;
  ttrace_send_mark(&mark);
}

/* A case begins. A program that ends within a case has failed, whatever its exit code. */
static inline void ttrace_case_begin(const char* name, const char* file, int line) {
  if (ttrace_recorded()) ttrace_send(TTRACE_MARK_CASE_BEGIN, 0, file, line, name);
}

/* The case that began last ends: TTRACE_CASE_PASSED, _FAILED or _SKIPPED. */
static inline void ttrace_case_end(const char* name, enum ttrace_case_result result) {
  if (ttrace_recorded()) ttrace_send(TTRACE_MARK_CASE_END, result, NULL, 0, name);
}

/* An assertion was evaluated. One that failed makes the attempt a failure, and is where a debugger
 * of its trace begins. Passed ones are worth a mark only where there are few. */
static inline void ttrace_assertion(int passed, const char* file, int line, const char* message) {
  if (!ttrace_recorded()) return;
  ttrace_send(passed ? TTRACE_MARK_ASSERTION_PASSED : TTRACE_MARK_ASSERTION_FAILED,
              TTRACE_FAILED_GOES_ON, file, line, message);
}

/* A mark of your own; decides nothing. `ttrace marks` in gdb lists it with its event number. */
static inline void ttrace_note(const char* text) {
  if (ttrace_recorded()) ttrace_send(TTRACE_MARK_FREE_TEXT, 0, NULL, 0, text);
}

#ifdef __cplusplus
}
#endif

#endif /* TTRACE_TTRACE_H */
