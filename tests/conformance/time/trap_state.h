#ifndef TTRACE_TESTS_PROGRAMS_TRAP_STATE_H_
#define TTRACE_TESTS_PROGRAMS_TRAP_STATE_H_

#include <signal.h>

#include "observe.h"

/// What a forced trap would destroy: the signal's handler and whether it is blocked.
struct TrapState {
  struct sigaction action;
  sigset_t mask;

  explicit TrapState(int signal) {
    OBSERVE(sigaction(signal, nullptr, &action) == 0);
    OBSERVE(sigprocmask(SIG_SETMASK, nullptr, &mask) == 0);
  }

  bool operator==(const TrapState& other) const {
    bool same =
        action.sa_handler == other.action.sa_handler && action.sa_flags == other.action.sa_flags;
    for (int i = 1; i < 32; ++i) {
      same = same && sigismember(&mask, i) == sigismember(&other.mask, i) &&
             sigismember(&action.sa_mask, i) == sigismember(&other.action.sa_mask, i);
    }
    return same;
  }
};

/// Runs `input` while `signal` is blocked, ignored, handled, and handled while blocked: each time
/// handler and mask must be the same before and after, and no handler may have run.
template <typename Input>
void check_trap_state(int signal, Input input) {
  static volatile sig_atomic_t handled = 0;
  for (int round = 0; round < 4; ++round) {
    struct sigaction action = {};
    action.sa_handler = round == 1 ? SIG_IGN : SIG_DFL;
    if (round >= 2) {
      action.sa_handler = [](int) { handled = handled + 1; };
      action.sa_flags = SA_RESTART | SA_NODEFER;
      sigaddset(&action.sa_mask, SIGUSR2);
    }
    OBSERVE(sigaction(signal, &action, nullptr) == 0);
    sigset_t set;
    sigemptyset(&set);
    if (round == 0 || round == 3) sigaddset(&set, signal);
    OBSERVE(sigprocmask(SIG_SETMASK, &set, nullptr) == 0);
    TrapState before(signal);
    for (int i = 0; i < 3; ++i) std::printf("round %d: %llx\n", round, input());
    OBSERVE(before == TrapState(signal));
    OBSERVE(handled == 0);
    sigset_t pending;
    OBSERVE(sigpending(&pending) == 0 && sigismember(&pending, signal) == 0);
  }
  // The handler still works when the program raises the signal itself.
  sigset_t none;
  sigemptyset(&none);
  OBSERVE(sigprocmask(SIG_SETMASK, &none, nullptr) == 0);
  raise(signal);
  OBSERVE(handled == 1);
}

#endif  // TTRACE_TESTS_PROGRAMS_TRAP_STATE_H_
