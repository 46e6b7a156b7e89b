// SIGSYS of a seccomp filter cannot be blocked: the program dies of it, its handler does not run.
#include <signal.h>

#include "filter.h"

int main() {
  struct sigaction action = {};
  action.sa_handler = [](int) { _exit(1); };
  OBSERVE(sigaction(SIGSYS, &action, nullptr) == 0);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGSYS);
  OBSERVE(sigprocmask(SIG_BLOCK, &set, nullptr) == 0);
  filter_call(SYS_getppid, SECCOMP_RET_TRAP);
  std::puts("before");
  std::fflush(stdout);
  syscall(SYS_getppid);
  std::puts("not reached");
}
