/* A mark is one system call with the promised number and arguments, and leaves errno alone. A
 * seccomp filter turns the call into a signal whose handler looks at the registers. */
#define _GNU_SOURCE
#include "ttrace/mark.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ucontext.h>

int mark_size_in_cpp(void);

static volatile sig_atomic_t calls;
static const struct ttrace_mark* volatile seen_mark;
static volatile long long seen_size;

static void on_sigsys(int number, siginfo_t* info, void* context) {
  const ucontext_t* user = context;
  (void)number;
  if (info->si_syscall != TTRACE_MARK_SYSCALL) return;
  ++calls;
  seen_mark = (const struct ttrace_mark*)user->uc_mcontext.gregs[REG_RDI];
  seen_size = user->uc_mcontext.gregs[REG_RSI];
}

static int trap_marks(void) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TTRACE_MARK_SYSCALL, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof code / sizeof code[0], code};
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = on_sigsys;
  action.sa_flags = SA_SIGINFO;
  return sigaction(SIGSYS, &action, NULL) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static int failures;

static void expect(int condition, const char* what) {
  if (condition) return;
  fprintf(stderr, "mark_test: %s\n", what);
  ++failures;
}

int main(void) {
  const struct ttrace_mark mark = {TTRACE_MARK_FREE_TEXT, 42, 7, "file", "text"};
  expect(mark_size_in_cpp() == (int)sizeof mark, "the layout differs between C and C++");
  expect(ttrace_recorded() == 1, "not recorded (run it with TTRACE_SUPERVISED=1)");
  errno = 123;
  ttrace_send_mark(&mark); /* no such system call: nothing happens */
  expect(errno == 123, "errno changed");
  if (!trap_marks()) {
    perror("mark_test: seccomp");
    return 2;
  }
  ttrace_send_mark(&mark);
  expect(calls == 1, "not one system call");
  expect(seen_mark == &mark, "first argument is not the mark");
  expect(seen_size == (long long)sizeof mark, "second argument is not its size");
  return failures == 0 ? 0 : 1;
}
