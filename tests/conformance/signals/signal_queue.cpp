// sigqueue: the value reaches the handler; each real-time signal counts, lower numbers come first,
// equal ones in the order sent.
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <vector>

namespace {
int order[16];
volatile sig_atomic_t length = 0;

void handler(int signal, siginfo_t* info, void*) {
  order[length] = (signal - SIGRTMIN) * 100 + info->si_value.sival_int;
  length = length + 1;
}
}  // namespace

int main() {
  struct sigaction action = {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO;
  sigfillset(&action.sa_mask);
  sigset_t set, old;
  sigemptyset(&set);
  for (int i = 0; i < 3; ++i) {
    sigaction(SIGRTMIN + i, &action, nullptr);
    sigaddset(&set, SIGRTMIN + i);
  }
  sigval value;
  value.sival_int = 1;
  if (sigqueue(getpid(), SIGRTMIN, value) != 0 || length != 1) return 1;
  sigprocmask(SIG_BLOCK, &set, &old);
  for (int i = 0; i < 6; ++i) {
    value.sival_int = i;
    sigqueue(getpid(), SIGRTMIN + 2 - i % 3, value);
  }
  sigprocmask(SIG_SETMASK, &old, nullptr);
  for (int i = 0; i < length; ++i) std::printf("%d ", order[i]);
  std::printf("\n");
  const std::vector<int> expected = {1, 2, 5, 101, 104, 200, 203};
  return std::vector<int>(order, order + length) != expected;
}
