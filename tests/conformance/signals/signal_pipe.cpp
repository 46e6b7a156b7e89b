// SIGPIPE: ignored it is an error of write, handled both, by default it ends the process.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace {
volatile sig_atomic_t handled = 0;
void handler(int) { handled = handled + 1; }
}  // namespace

int main() {
  int ends[2];
  if (pipe(ends) != 0) return 1;
  close(ends[0]);
  signal(SIGPIPE, SIG_IGN);
  const bool ignored = write(ends[1], "x", 1) == -1 && errno == EPIPE;
  signal(SIGPIPE, handler);
  const bool error = write(ends[1], "x", 1) == -1 && errno == EPIPE;
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGPIPE, SIG_DFL);
    _exit(write(ends[1], "x", 1) != 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  std::printf("ignored %d, handled %d, child ended by %d\n", ignored, handled, WTERMSIG(status));
  return !ignored || !error || handled != 1 || WTERMSIG(status) != SIGPIPE;
}
