// A tree of forked processes; each waits for its children and sums their exit statuses.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

namespace {
int grow(int depth) {
  if (depth == 0) return 1;
  int sum = 1;
  for (int i = 0; i < 2; ++i) {
    const pid_t child = fork();
    if (child == 0) _exit(grow(depth - 1));
    int status = 0;
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status)) return 0;
    sum += WEXITSTATUS(status);
  }
  std::printf("pid %d, parent %d, depth %d, sum %d\n", getpid(), getppid(), depth, sum);
  std::fflush(stdout);
  return sum;
}
}  // namespace

int main() { return grow(3) != 15; }
