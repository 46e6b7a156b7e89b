// Calls that wait with another signal mask, right behind as many looks at the clock as make the
// recorder think of it: the signal that the mask lets in comes all the same.
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <initializer_list>

#include "observe.h"

namespace {

constexpr int kEnough = 700;
volatile sig_atomic_t seen = 0;

int by_suspend(const sigset_t& mask) { return sigsuspend(&mask); }
int by_ppoll(const sigset_t& mask) { return ppoll(nullptr, 0, nullptr, &mask); }
int by_pselect(const sigset_t& mask) {
  return pselect(0, nullptr, nullptr, nullptr, nullptr, &mask);
}
int by_epoll(const sigset_t& mask) {
  epoll_event event;
  return epoll_pwait(epoll_create1(0), &event, 1, -1, &mask);
}

void wait_by(int (*wait)(const sigset_t&)) {
  sigset_t one, none;
  sigemptyset(&one);
  sigaddset(&one, SIGUSR1);
  sigemptyset(&none);
  OBSERVE(sigprocmask(SIG_BLOCK, &one, nullptr) == 0 && raise(SIGUSR1) == 0);
  timespec now{};
  for (int i = 0; i < kEnough; ++i) OBSERVE(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
  OBSERVE(seen == 0 && wait(none) == -1 && errno == EINTR && seen == 1);
  sigset_t mask;
  OBSERVE(sigprocmask(SIG_BLOCK, nullptr, &mask) == 0 && sigismember(&mask, SIGUSR1) == 1);
  for (int i = 0; i < kEnough; ++i) OBSERVE(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
  std::printf("%ld\n", now.tv_nsec);
  std::fflush(stdout);
}

}  // namespace

int main() {
  signal(SIGUSR1, [](int) { seen = seen + 1; });
  for (auto* const wait : {by_suspend, by_ppoll, by_pselect, by_epoll}) {
    const pid_t child = fork();
    if (child == 0) {
      wait_by(wait);
      _exit(0);
    }
    int status = 0;
    OBSERVE(child > 0 && waitpid(child, &status, 0) == child && status == 0);
  }
}
