// Calls that wait with another signal mask, right behind as many looks at the clock as make the
// recorder think of it: at the end of such a call it must not do anything about it yet, and the
// signal that the mask lets in comes all the same.
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#include <iterator>

#include "observe.h"

namespace {

constexpr int kEnough = 700;
volatile sig_atomic_t seen = 0;

int by_suspend(const sigset_t& mask) { return sigsuspend(&mask); }
int by_ppoll(const sigset_t& mask) { return ppoll(nullptr, 0, nullptr, &mask); }
int by_pselect(const sigset_t& mask) {
  return pselect(0, nullptr, nullptr, nullptr, nullptr, &mask);
}
const int events = epoll_create1(0);

int by_epoll(const sigset_t& mask) {
  epoll_event event;
  return epoll_pwait(events, &event, 1, -1, &mask);
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

/// Each way in a new program, which has not asked for the time yet, and alone: with others the
/// recorder would stop it, and think of the clock, before.
int main(int argc, char** argv) {
  constexpr int (*kWays[])(const sigset_t&) = {by_suspend, by_ppoll, by_pselect, by_epoll};
  const unsigned way = argc > 1 ? unsigned(argv[1][0] - '0') : 0;
  if (way == std::size(kWays)) return 0;
  signal(SIGUSR1, [](int) { seen = seen + 1; });
  wait_by(kWays[way]);
  const char next[] = {char('1' + way), 0};
  execl("/proc/self/exe", argv[0], next, nullptr);
  OBSERVE(!"executed");
}
