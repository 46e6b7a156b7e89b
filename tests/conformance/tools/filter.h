#ifndef TTRACE_TESTS_PROGRAMS_FILTER_H_
#define TTRACE_TESTS_PROGRAMS_FILTER_H_

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "observe.h"

/// Installs a seccomp filter that answers one call with `action` and allows all others.
inline void filter_call(unsigned number, unsigned action) {
  sock_filter steps[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, action),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_filter before[] = {steps[0], steps[1], steps[2], steps[3]};
  const sock_fprog program = {4, steps};
  OBSERVE(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  OBSERVE(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
  OBSERVE(std::memcmp(steps, before, sizeof steps) == 0);
}

#endif  // TTRACE_TESTS_PROGRAMS_FILTER_H_
