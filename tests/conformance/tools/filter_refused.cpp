// Filters that the kernel does not accept.
#include "filter.h"

static long install(const sock_filter* steps, unsigned short count) {
  const sock_fprog program = {count, const_cast<sock_filter*>(steps)};
  const long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
  return result < 0 ? errno : result;
}

int main() {
  OBSERVE(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  const sock_filter no_end[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0)};
  OBSERVE(install(no_end, 1) == EINVAL);
  const sock_filter unaligned[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2),
                                   BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)};
  OBSERVE(install(unaligned, 2) == EINVAL);
  const sock_filter far_jump[] = {BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 5, 5),
                                  BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)};
  OBSERVE(install(far_jump, 2) == EINVAL);
  OBSERVE(install(far_jump, 0) == EINVAL);
  OBSERVE(install(reinterpret_cast<const sock_filter*>(8), 2) == EFAULT);
  OBSERVE(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, nullptr) == -1 && errno == EFAULT);
  OBSERVE(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 1 << 20, &no_end) == -1 && errno == EINVAL);
  OBSERVE(prctl(PR_GET_SECCOMP) == 0);
  std::puts("no filter");
}
