// Five hundred threads alive at once; each has its place in a row and passes a token on.
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "observe.h"

int main() {
  constexpr int kThreads = 500;
  std::mutex mutex;
  std::condition_variable turn;
  int next = 0;
  long sum = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      std::unique_lock lock(mutex);
      if (i % 10 == 0) turn.wait(lock, [&] { return next >= i; });
      ++next;
      sum += i;
      turn.notify_all();
    });
  }
  for (auto& thread : threads) thread.join();
  std::printf("%d threads, sum %ld\n", next, sum);
}
