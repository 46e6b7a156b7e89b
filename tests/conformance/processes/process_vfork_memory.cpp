// A vfork child runs in its parent's memory: the parent sees what it stored, whether it ends by
// _exit, by a failing exec or by an exec that succeeds.
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace {
volatile int stored = 0;
enum class How { exit, failing_exec, exec };

int run(How how) {
  const pid_t child = vfork();
  if (child == 0) {
    stored = stored + 10;
    if (how == How::failing_exec) {
      execl("/nonexistent/program", "program", nullptr);
      stored = stored + errno;
    }
    if (how == How::exec) execl("/bin/true", "true", nullptr);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  std::printf("stored %d, status %d\n", stored, status);
  return status;
}
}  // namespace

int main() {
  const int statuses = run(How::exit) | run(How::failing_exec) | run(How::exec);
  return statuses != 0 || stored != 30 + ENOENT;
}
