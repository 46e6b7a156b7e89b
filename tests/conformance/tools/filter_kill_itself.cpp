// The recorded program itself is killed by its seccomp filter.
#include "filter.h"

int main() {
  filter_call(SYS_getppid, SECCOMP_RET_KILL_PROCESS);
  std::puts("before");
  std::fflush(stdout);
  syscall(SYS_getppid);
  std::puts("not reached");
}
