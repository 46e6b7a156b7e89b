// A seccomp filter that kills: children that make a forbidden call die of SIGSYS, whether they
// handle it, ignore it or block it.
#include <signal.h>
#include <sys/wait.h>

#include <initializer_list>

#include "filter.h"

static int end_of(unsigned action, void (*prepare)()) {
  const pid_t child = fork();
  OBSERVE(child >= 0);
  if (child == 0) {
    prepare();
    filter_call(SYS_getppid, action);
    syscall(SYS_getppid);
    _exit(5);
  }
  int status = 0;
  OBSERVE(waitpid(child, &status, 0) == child);
  return status & ~0x80;  // a core file may be written or not
}

int main() {
  const auto nothing = [] {};
  const auto handle = [] { signal(SIGSYS, [](int) { _exit(6); }); };
  const auto ignore = [] { signal(SIGSYS, SIG_IGN); };
  const auto block = [] {
    sigset_t set;
    sigfillset(&set);
    sigprocmask(SIG_BLOCK, &set, nullptr);
  };
  for (const unsigned action : {SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, 0x12340000u}) {
    OBSERVE(end_of(action, nothing) == SIGSYS);
    OBSERVE(end_of(action, handle) == SIGSYS);
    OBSERVE(end_of(action, ignore) == SIGSYS);
    OBSERVE(end_of(action, block) == SIGSYS);
  }
  OBSERVE(end_of(SECCOMP_RET_LOG, nothing) == 5 << 8);
  OBSERVE(end_of(SECCOMP_RET_TRACE, nothing) == 5 << 8);
  std::puts("all as expected");
}
