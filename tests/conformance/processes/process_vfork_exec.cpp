// vfork and exec of another program; the parent stands still until then.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

namespace {
int run(const char* code) {
  const pid_t child = vfork();
  if (child == 0) {
    execl("/bin/sh", "sh", "-c", "echo in the shell $0; exit $0", code, nullptr);
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  std::printf("child exited %d with %d\n", WIFEXITED(status), WEXITSTATUS(status));
  std::fflush(stdout);
  return WEXITSTATUS(status);
}
}  // namespace

int main() { return run("5") != 5 || run("6") != 6 || run("7") != 7; }
