// SA_RESETHAND, SA_NODEFER, SA_NOCLDSTOP, and a handler replaced while it runs.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

namespace {
volatile sig_atomic_t depth = 0, deepest = 0, children = 0, late = 0;

void recursive(int number) {
  depth = depth + 1;
  if (depth > deepest) deepest = depth;
  if (depth < 3) raise(number);
  depth = depth - 1;
}

void replacing(int number) {
  signal(number, [](int) { late = late + 1; });
  raise(number);
}
}  // namespace

int main() {
  struct sigaction action = {}, now = {};
  action.sa_handler = recursive;
  action.sa_flags = SA_NODEFER;
  sigaction(SIGUSR1, &action, nullptr);
  raise(SIGUSR1);
  action.sa_handler = [](int) {};
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGUSR2, &action, nullptr);
  raise(SIGUSR2);
  sigaction(SIGUSR2, nullptr, &now);
  const bool reset = now.sa_handler == SIG_DFL;
  signal(SIGHUP, replacing);
  raise(SIGHUP);
  action.sa_handler = [](int) { children = children + 1; };
  action.sa_flags = SA_NOCLDSTOP | SA_RESTART;
  sigaction(SIGCHLD, &action, nullptr);
  const pid_t child = fork();
  if (child == 0) {
    raise(SIGSTOP);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, WUNTRACED);
  const int when_stopped = children;
  kill(child, SIGCONT);
  waitpid(child, &status, 0);
  std::printf("deepest %d, reset %d, late %d, children %d %d\n", deepest, reset, late, when_stopped,
              children);
  return deepest != 3 || !reset || late != 1 || when_stopped != 0 || children != 1;
}
