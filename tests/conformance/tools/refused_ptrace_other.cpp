// A debugger in miniature: a process that attaches to its child.
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "observe.h"

int main() {
  const pid_t child = fork();
  if (child == 0) {
    for (;;) pause();
  }
  OBSERVE(ptrace(PTRACE_ATTACH, child, nullptr, nullptr) == 0);
  std::puts("attached");
}
