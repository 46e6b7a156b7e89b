// POSIX timers: one that sends a signal with a value, one that tells a thread, one that tells
// nobody.
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>

namespace {
std::atomic<int> value{0}, told{0};

void handler(int, siginfo_t* info, void*) {
  if (info->si_code == SI_TIMER) value = info->si_value.sival_int;
}
}  // namespace

int main() {
  struct sigaction action = {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGRTMIN + 1, &action, nullptr);

  const itimerspec soon = {{0, 0}, {0, 1'000'000}};
  timer_t timer;
  sigevent event = {};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGRTMIN + 1;
  event.sigev_value.sival_int = 42;
  if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) return 1;
  timer_settime(timer, 0, &soon, nullptr);
  while (value == 0) usleep(200);
  std::printf("value %d, overrun %d\n", value.load(), timer_getoverrun(timer));
  timer_delete(timer);

  event.sigev_notify = SIGEV_THREAD;
  event.sigev_notify_function = [](sigval given) { told = given.sival_int; };
  if (timer_create(CLOCK_REALTIME, &event, &timer) != 0) return 1;
  timer_settime(timer, 0, &soon, nullptr);
  while (told == 0) usleep(200);
  std::printf("told %d\n", told.load());
  timer_delete(timer);

  event.sigev_notify = SIGEV_NONE;
  if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) return 1;
  const itimerspec late = {{0, 0}, {1000, 0}};
  itimerspec left = {};
  timer_settime(timer, 0, &late, nullptr);
  timer_gettime(timer, &left);
  std::printf("left %ld s %ld ns\n", left.it_value.tv_sec, left.it_value.tv_nsec);
  return value != 42 || told != 42 || left.it_value.tv_sec < 990;
}
