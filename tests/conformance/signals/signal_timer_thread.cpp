// A timer that signals one thread, and overruns while that signal is masked.
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <thread>

namespace {
std::atomic<int> ran_in{0}, overrun{-1};
void handler(int, siginfo_t* info, void*) {
  ran_in = gettid();
  overrun = info->si_overrun;
}
}  // namespace

int main() {
  struct sigaction action = {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigaction(SIGRTMIN, &action, nullptr);
  std::atomic<int> tid{0};
  std::thread thread([&] {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    tid = gettid();
    usleep(5000);
    pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
    while (ran_in == 0) usleep(100);
  });
  while (tid == 0) usleep(100);
  sigevent event = {};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = SIGRTMIN;
  event._sigev_un._tid = tid;
  timer_t timer;
  if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) return 1;
  const itimerspec often = {{0, 500'000}, {0, 500'000}};
  timer_settime(timer, 0, &often, nullptr);
  thread.join();
  timer_delete(timer);
  std::printf("ran in the thread %d, overrun %d\n", ran_in == tid, overrun.load());
  return ran_in != tid;
}
