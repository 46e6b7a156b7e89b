#pragma once

#include <time.h>

#include <chrono>

namespace ttrace {

/// While it lives, the thread that made it gets a SIGALRM with an empty handler at this period, so
/// that its blocking waitpid() comes back with EINTR and deadlines can be looked at. Repetition
/// makes it immune to a signal that arrives just before the wait. One at a time in a process; the
/// former disposition of SIGALRM is restored.
class WakeTimer {
 public:
  explicit WakeTimer(std::chrono::milliseconds period);
  ~WakeTimer();
  WakeTimer(const WakeTimer&) = delete;
  WakeTimer& operator=(const WakeTimer&) = delete;

 private:
  timer_t timer_{};
  struct Saved;
  Saved* saved_;
};

}  // namespace ttrace
