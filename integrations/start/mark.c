#include "ttrace/mark.h"

#include <stddef.h>

#include "raw_syscall.h"
#include "start.h"

extern char** environ;

/* What is known of this process. Written once, by the start lines; lazily in a shared object whose
 * executable does not have them. Both find the same answer, so a race is harmless. */
enum { kUnknown = 0, kNotRecorded = 1, kRecorded = 2 };
static int knowledge = kUnknown;

const char* ttrace_environment_value(char** envp, const char* name) {
  for (; envp != NULL && *envp != NULL; ++envp) {
    const char* entry = *envp;
    const char* wanted = name;
    while (*wanted != '\0' && *entry == *wanted) {
      ++entry;
      ++wanted;
    }
    if (*wanted == '\0' && *entry == '=') return entry[1] != '\0' ? entry + 1 : NULL;
  }
  return NULL;
}

void ttrace_remember_environment(char** envp) {
  const int recorded = ttrace_environment_value(envp, "TTRACE_SUPERVISED") != NULL;
  __atomic_store_n(&knowledge, recorded ? kRecorded : kNotRecorded, __ATOMIC_RELAXED);
}

int ttrace_recorded(void) {
  if (__atomic_load_n(&knowledge, __ATOMIC_RELAXED) == kUnknown) {
    ttrace_remember_environment(environ);
  }
  return __atomic_load_n(&knowledge, __ATOMIC_RELAXED) == kRecorded;
}

void ttrace_send_mark(const struct ttrace_mark* mark) {
  if (!ttrace_recorded()) return;
  ttrace_raw_syscall(TTRACE_MARK_SYSCALL, (long)mark, (long)sizeof *mark, 0);
}
