// Signals that arrive while masked: pending, merged, delivered in a row once unmasked.
#include <signal.h>
#include <unistd.h>

#include <cstdio>

namespace {
volatile sig_atomic_t first = 0, second = 0;
void on_first(int) { first = first + 1; }
void on_second(int) { second = second + 1; }
}  // namespace

int main() {
  signal(SIGUSR1, on_first);
  signal(SIGUSR2, on_second);
  sigset_t set, old, pending;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGUSR2);
  sigprocmask(SIG_BLOCK, &set, &old);
  for (int i = 0; i < 3; ++i) kill(getpid(), SIGUSR1);
  raise(SIGUSR2);
  sigpending(&pending);
  const bool both = sigismember(&pending, SIGUSR1) && sigismember(&pending, SIGUSR2);
  std::printf("masked: %d %d, pending %d\n", first, second, both);
  if (first != 0 || second != 0) return 1;
  sigprocmask(SIG_SETMASK, &old, nullptr);
  std::printf("unmasked: %d %d\n", first, second);
  return !both || first != 1 || second != 1;
}
