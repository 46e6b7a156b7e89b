// A seccomp filter whose answers another process gives.
#include "filter.h"

int main() {
  sock_filter steps[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog program = {1, steps};
  OBSERVE(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  OBSERVE(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
                  &program) >= 0);
  std::puts("listening");
}
