#include "tracee/wake_timer.h"

#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"

namespace ttrace {

struct WakeTimer::Saved {
  struct sigaction action;
};

WakeTimer::WakeTimer(std::chrono::milliseconds period) : saved_(new Saved) {
  struct sigaction action {};
  action.sa_handler = [](int) {};  // without SA_RESTART: waitpid returns EINTR
  sigaction(SIGALRM, &action, &saved_->action);

  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = SIGALRM;
  event._sigev_un._tid = pid_t(syscall(SYS_gettid));
  itimerspec spec{};
  spec.it_interval.tv_sec = period.count() / 1000;
  spec.it_interval.tv_nsec = period.count() % 1000 * 1000000;
  spec.it_value = spec.it_interval;
  if (timer_create(CLOCK_MONOTONIC, &event, &timer_) != 0) {
    const int error = errno;
    sigaction(SIGALRM, &saved_->action, nullptr);
    delete saved_;
    throw SystemError("timer_create", error);
  }
  timer_settime(timer_, 0, &spec, nullptr);
}

WakeTimer::~WakeTimer() {
  timer_delete(timer_);
  // A last SIGALRM may be pending: let it meet the empty handler before the old one returns.
  sigset_t alarm;
  sigset_t old;
  sigemptyset(&alarm);
  sigaddset(&alarm, SIGALRM);
  pthread_sigmask(SIG_BLOCK, &alarm, &old);
  const timespec none{};
  while (sigtimedwait(&alarm, nullptr, &none) == SIGALRM) {
  }
  sigaction(SIGALRM, &saved_->action, nullptr);
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
  delete saved_;
}

}  // namespace ttrace
