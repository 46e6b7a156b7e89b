// vfork children that die by a signal, that fork themselves, and a vfork within a vfork.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

namespace {
volatile int stored = 0;
volatile pid_t inner;

int status_of(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  std::printf("stored %d, status %d\n", stored, status);
  std::fflush(stdout);
  return status;
}

pid_t killed() {
  const pid_t child = vfork();
  if (child == 0) {
    stored = 1;
    kill(getpid(), SIGKILL);
    _exit(1);
  }
  return child;
}

pid_t nested() {
  const pid_t child = vfork();
  if (child == 0) {
    stored = 2;
    inner = vfork();
    if (inner == 0) {
      stored = 3;
      _exit(5);
    }
    int status = 0;
    waitpid(inner, &status, 0);
    stored = stored + WEXITSTATUS(status);
    _exit(6);
  }
  return child;
}

pid_t forks() {
  const pid_t child = vfork();
  if (child == 0) {
    inner = fork();
    if (inner == 0) {
      stored = 100;
      _exit(7);
    }
    int status = 0;
    waitpid(inner, &status, 0);
    stored = stored + WEXITSTATUS(status);
    _exit(0);
  }
  return child;
}
}  // namespace

int main() {
  const bool dies = status_of(killed()) == SIGKILL && stored == 1;
  const bool nests = WEXITSTATUS(status_of(nested())) == 6 && stored == 8;
  const bool grows = status_of(forks()) == 0 && stored == 15;
  return !dies || !nests || !grows;
}
