#pragma once

#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "tracee/signals_blocked.h"

namespace ttrace {

/// A child of this process that tries something: it runs `body` and exits with what that returns.
/// It is killed with this object, and with its parent.
class ProbeChild {
 public:
  template <class Body>
  explicit ProbeChild(Body body) {
    const pid_t parent = getpid();
    const SignalsBlocked blocked;
    pid_ = fork();
    error_ = errno;
    if (pid_ != 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(ESRCH);  // it died before that
    drop_pending_signals();
    sigprocmask(SIG_SETMASK, &blocked.former(), nullptr);
    _exit(body());
  }
  ~ProbeChild() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    status();
  }
  ProbeChild(const ProbeChild&) = delete;
  ProbeChild& operator=(const ProbeChild&) = delete;

  pid_t pid() const { return pid_; }
  /// errno if there is no child, else 0.
  int error() const { return pid_ < 0 ? error_ : 0; }
  /// Waits for its end, past the stops of a traced one (a killed one may stop at its exit).
  int status() {
    int status = 0;
    for (;;) {
      const pid_t waited = waitpid(pid_, &status, __WALL);
      if (waited < 0 && errno == EINTR) continue;
      if (waited < 0 || !WIFSTOPPED(status)) break;
      ptrace(PTRACE_CONT, pid_, nullptr, nullptr);
    }
    pid_ = 0;
    return status;
  }

 private:
  pid_t pid_ = 0;
  int error_ = 0;
};

}  // namespace ttrace
