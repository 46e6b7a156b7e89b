#include <mutex>
#include <thread>
#include <vector>

#include "workload.h"

unsigned long lock_unlock(long count) {
  constexpr int kThreads = 4;
  std::mutex mutex;
  unsigned long sum = 0;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (long j = 0; j < count; ++j) {
        const std::lock_guard<std::mutex> lock(mutex);
        ++sum;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return sum;
}
