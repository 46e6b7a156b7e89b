// A sandbox by libseccomp that allows a few calls only: what the C library answers without a system
// call (the clocks) stays possible; everything else fails.
#include <fcntl.h>
#include <seccomp.h>
#include <time.h>
#include <unistd.h>

#include <initializer_list>

#include "observe.h"

int main() {
  scmp_filter_ctx context = seccomp_init(SCMP_ACT_ERRNO(EACCES));
  OBSERVE(context != nullptr);
  for (const int call : {SCMP_SYS(write), SCMP_SYS(exit_group), SCMP_SYS(newfstatat),
                         SCMP_SYS(fstat), SCMP_SYS(brk)}) {
    OBSERVE(seccomp_rule_add(context, SCMP_ACT_ALLOW, call, 0) == 0);
  }
  OBSERVE(seccomp_load(context) == 0);
  seccomp_release(context);
  timespec now = {};
  OBSERVE(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
  OBSERVE(time(nullptr) > 0);
  OBSERVE(open("/dev/null", O_RDONLY) == -1 && errno == EACCES);
  OBSERVE(getsid(0) == -1 && errno == EACCES);
  std::puts("in the sandbox");
}
