// Signals to one thread of several: its handler runs in it, sleeping or not; SIGUSR2 to the process
// goes to the only thread that does not mask it.
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <thread>

namespace {
std::atomic<int> in_thread{0}, to_process{0};
void on_user1(int) { in_thread = gettid(); }
void on_user2(int) { to_process = gettid(); }
}  // namespace

int main() {
  signal(SIGUSR1, on_user1);
  signal(SIGUSR2, on_user2);
  std::atomic<int> sleeper_tid{0}, busy_tid{0};
  std::atomic<bool> stop{false};
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::thread sleeper([&] {
    pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
    sleeper_tid = gettid();
    while (!stop) usleep(100'000);
  });
  std::thread busy([&] {
    busy_tid = gettid();
    while (!stop) sched_yield();
  });
  while (sleeper_tid == 0 || busy_tid == 0) usleep(100);
  bool right = true;
  for (int tid : {sleeper_tid.load(), busy_tid.load(), gettid()}) {
    in_thread = 0;
    if (syscall(SYS_tgkill, getpid(), tid, SIGUSR1) != 0) return 1;
    while (in_thread == 0) usleep(100);
    std::printf("sent to %d, ran in %d\n", tid, in_thread.load());
    right = right && in_thread == tid;
  }
  kill(getpid(), SIGUSR2);
  while (to_process == 0) usleep(100);
  std::printf("to the process, ran in the sleeper %d\n", to_process == sleeper_tid);
  right = right && to_process == sleeper_tid;
  stop = true;
  pthread_kill(sleeper.native_handle(), SIGUSR1);
  sleeper.join();
  busy.join();
  return !right;
}
