// clone by hand: a process in its parent's memory whose tid the kernel clears when it ends, and one
// that shares nothing but tells of its end by no signal.
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <vector>

namespace {
volatile int stored = 0;
int child_function(void* argument) {
  stored = *static_cast<int*>(argument);
  return 4;
}
}  // namespace

int main() {
  std::vector<char> stack(65536);
  int argument = 77;
  pid_t parent_tid = 0, child_tid = -1;
  pid_t child =
      clone(child_function, stack.data() + stack.size(),
            CLONE_VM | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD,
            &argument, &parent_tid, nullptr, &child_tid);
  int status = 0;
  bool right = waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 4;
  std::printf("child %d: stored %d, told %d, cleared %d\n", child, stored, parent_tid == child,
              child_tid);
  right = right && stored == 77 && parent_tid == child && child_tid == 0;

  argument = 88;
  child = clone(child_function, stack.data() + stack.size(), 0, &argument);
  const bool plain = waitpid(child, &status, WNOHANG) == -1;
  const bool with_clone = waitpid(child, &status, __WCLONE) == child;
  std::printf("stored %d, plain wait fails %d, __WCLONE %d\n", stored, plain, with_clone);
  return !right || stored != 77 || !plain || !with_clone;
}
