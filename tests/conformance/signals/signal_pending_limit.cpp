// A queue of signals that is full: EAGAIN, and all that were taken come out.
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace {
volatile sig_atomic_t handled = 0;
}

int main() {
  struct sigaction action = {};
  action.sa_sigaction = [](int, siginfo_t*, void*) { handled = handled + 1; };
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGRTMIN, &action, nullptr);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGRTMIN);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  int taken = 0;
  sigval value;
  value.sival_int = 0;
  for (; taken < 300 && sigqueue(getpid(), SIGRTMIN, value) == 0; ++taken) {
  }
  sigprocmask(SIG_UNBLOCK, &set, nullptr);
  std::printf("taken %d, handled %d\n", taken, handled);
  return handled != taken || taken == 0;
}
