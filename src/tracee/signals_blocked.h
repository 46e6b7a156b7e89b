#pragma once

#include <signal.h>
#include <time.h>

namespace ttrace {

/// Blocks all signals of the calling thread while it lives: around a fork, so that a signal that is
/// meant for the whole process group (Ctrl-C) meets the supervisor and not a child that still looks
/// like it.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &former_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &former_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

  const sigset_t& former() const { return former_; }

 private:
  sigset_t former_;
};

/// In the child of such a fork: forgets what arrived meanwhile. Async-signal-safe.
inline void drop_pending_signals() {
  sigset_t all;
  sigfillset(&all);
  const timespec none{};
  while (sigtimedwait(&all, nullptr, &none) > 0) {
  }
}

}  // namespace ttrace
