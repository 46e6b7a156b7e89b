// The kernel clears a word of the memory that the parent shares when the child executes a program.
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "observe.h"

namespace {

alignas(16) char stack[65536];
int word = 77;

int child(void*) {
  execl("/bin/true", "true", nullptr);
  _exit(9);
}

}  // namespace

int main() {
  const pid_t pid =
      clone(child, stack + sizeof stack, CLONE_VM | CLONE_VFORK | CLONE_CHILD_CLEARTID | SIGCHLD,
            nullptr, nullptr, nullptr, &word);
  OBSERVE(pid > 0);
  OBSERVE(waitpid(pid, nullptr, 0) == pid);
  std::printf("%d\n", word);
  return 0;
}
