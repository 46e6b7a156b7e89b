// The oldest mode of seccomp: read, write and _exit, nothing else.
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include "observe.h"

int main() {
  OBSERVE(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0);
  std::puts("strict");
}
