// A test that forks: the first child passes, an assertion fails in the second one, whose own child
// is killed.
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include "ttrace/ttrace.h"

static int work = 1;

static __attribute__((noinline)) void check(int expected) {
  const bool passed = work == expected;
  ttrace_assertion(passed, __FILE__, __LINE__, "work is as expected");
  if (!passed) _exit(4);  // just after
}

static pid_t child(void (*body)()) {
  const pid_t pid = fork();
  if (pid == 0) body();
  return pid;
}

static void passes() {
  work = 2;
  check(2);
  _exit(0);
}

static void is_killed() {
  work = 9;
  raise(SIGKILL);
}

static void fails() {
  work = 3;  // the wrong value
  waitpid(child(is_killed), nullptr, 0);
  check(2);
  _exit(0);
}

int main() {
  ttrace_case_begin("Processes.Fork", __FILE__, __LINE__);
  waitpid(child(passes), nullptr, 0);
  int status = 0;
  waitpid(child(fails), &status, 0);
  work = 10;  // the parent goes on
  ttrace_case_end("Processes.Fork", TTRACE_CASE_FAILED);
  return WEXITSTATUS(status);
}
