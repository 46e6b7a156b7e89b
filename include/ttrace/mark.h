/* Marks: how a test framework's listener talks to the recorder. C99 and C++14, no dependency.
 *
 * A mark is one raw system call with a number that no Linux kernel uses. Under ttrace it becomes an
 * entry of the trace; without ttrace ttrace_recorded() is false and no mark is sent. Thread-safe
 * and async-signal-safe: no allocation, no lock, errno untouched.
 */
#ifndef TTRACE_MARK_H
#define TTRACE_MARK_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The system call number of a mark. Arguments: the address of a struct ttrace_mark, its size. */
#define TTRACE_MARK_SYSCALL 7631986 /* "trt" */

enum ttrace_mark_kind {
  TTRACE_MARK_FREE_TEXT = 0,
  TTRACE_MARK_CASE_BEGIN = 1,       /* text: the case's full name */
  TTRACE_MARK_CASE_END = 2,         /* value: TTRACE_CASE_... */
  TTRACE_MARK_ASSERTION_FAILED = 3, /* file, line, text: the message; value: TTRACE_FAILED_... */
  TTRACE_MARK_ASSERTION_PASSED = 4,
  TTRACE_MARK_SECTION_BEGIN = 5,
  TTRACE_MARK_SECTION_END = 6,
  TTRACE_MARK_SKIPPED = 7 /* file, line, text: the reason */
};

enum ttrace_case_result { TTRACE_CASE_FAILED = 0, TTRACE_CASE_PASSED = 1, TTRACE_CASE_SKIPPED = 2 };

/* What a failed assertion does. A fatal signal is no assertion: a framework reports it as one, from
 * its signal handler, and file and line are those of the last assertion before. */
enum ttrace_failure_kind {
  TTRACE_FAILED_GOES_ON = 0,
  TTRACE_FAILED_ENDS_CASE = 1,
  TTRACE_FAILED_SIGNAL = 2
};

/* Read by the recorder while the call is made; nothing is kept. Strings are zero-terminated or
 * null; the recorder reads at most 4 KiB of `file` and 64 KiB of `text`. */
struct ttrace_mark {
  int32_t kind; /* enum ttrace_mark_kind */
  int32_t line; /* 0: unknown */
  int64_t value;
  const char* file;
  const char* text;
};

/* Whether this process runs under the recorder. A few instructions. */
int ttrace_recorded(void);

/* Sends a mark; does nothing when not recorded. */
void ttrace_send_mark(const struct ttrace_mark* mark);

#ifdef __cplusplus
}
#endif

#endif /* TTRACE_MARK_H */
