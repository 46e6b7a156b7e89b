// A vfork child runs in its parent's memory: the parent sees what it stored, whether it ends by
// _exit, by a failing exec or by an exec that succeeds.
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace {
volatile int stored = 0;

int run(volatile int how) {
  const pid_t child = vfork();
  if (child == 0) {
    stored = stored + 10;
    if (how == 1) {
      execl("/nonexistent/program", "program", nullptr);
      stored = stored + errno;
    }
    if (how == 2) execl("/bin/true", "true", nullptr);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  std::printf("how %d: stored %d, status %d\n", how, stored, status);
  return status;
}
}  // namespace

int main() {
  const int statuses = run(0) | run(1) | run(2);
  return statuses != 0 || stored != 30 + ENOENT;
}
