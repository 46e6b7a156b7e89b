// A thread made by clone alone, without the C library; the kernel tells of its end by a futex.
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <vector>

namespace {
volatile int stored = 0;

int run(void* argument) {
  stored = *static_cast<int*>(argument);
  syscall(SYS_exit, 0);
  return 0;
}
}  // namespace

int main() {
  for (int round = 1; round <= 5; ++round) {
    std::vector<char> stack(65536);
    int argument = round, tid = -1;
    const int made = clone(run, stack.data() + stack.size(),
                           CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
                               CLONE_SYSVSEM | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID,
                           &argument, &tid, nullptr, &tid);
    if (made < 0) return 1;
    for (int now; (now = __atomic_load_n(&tid, __ATOMIC_SEQ_CST)) != 0;) {
      syscall(SYS_futex, &tid, FUTEX_WAIT, now, nullptr, nullptr, 0);
    }
    std::printf("round %d: stored %d\n", round, stored);
    if (stored != round) return 1;
  }
}
