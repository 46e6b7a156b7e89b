// sigsuspend: the mask is opened and the wait begun as one step, so that no signal is missed.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace {
volatile sig_atomic_t got = 0;
void handler(int) { got = got + 1; }
}  // namespace

int main() {
  signal(SIGUSR1, handler);
  sigset_t set, open;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, &open);
  const pid_t parent = getpid(), child = fork();
  if (child == 0) {
    for (int i = 0; i < 3; ++i) {
      usleep(i * 500);
      kill(parent, SIGUSR1);
    }
    _exit(0);
  }
  int status, rounds = 0;
  bool interrupted = true;
  do {
    interrupted = interrupted && sigsuspend(&open) == -1 && errno == EINTR;
    ++rounds;
    std::printf("round %d: got %d\n", rounds, got);
  } while (waitpid(child, &status, WNOHANG) == 0 && got < 3 && rounds < 2);
  waitpid(child, &status, 0);
  sigprocmask(SIG_SETMASK, &open, nullptr);
  std::printf("got %d\n", got);
  return !interrupted || got < 1 || got > 3;
}
