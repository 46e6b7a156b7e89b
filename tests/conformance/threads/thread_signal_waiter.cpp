// All threads mask a signal; one of them takes it with sigwait, again and again.
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <thread>
#include <vector>

int main() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::atomic<int> taken{0};
  std::thread waiter([&] {
    for (;;) {
      int signal = 0;
      sigwait(&set, &signal);
      std::printf("took %d\n", signal);
      ++taken;
      if (signal == SIGTERM) return;
    }
  });
  std::vector<std::thread> senders;
  for (int i = 0; i < 3; ++i) {
    senders.emplace_back([&, i] {
      const int before = taken;
      kill(getpid(), SIGUSR1);
      if (i == 0) {
        while (taken == before) usleep(50);
      }
    });
  }
  for (std::thread& sender : senders) sender.join();
  kill(getpid(), SIGTERM);
  waiter.join();
  std::printf("taken %d\n", taken.load());
  return taken < 2 || taken > 4;
}
