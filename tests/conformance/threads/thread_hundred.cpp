// A hundred threads that are alive at the same time.
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <thread>
#include <vector>

int main() {
  std::mutex mutex;
  std::condition_variable all_here;
  int here = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 100; ++i) {
    threads.emplace_back([&, i] {
      std::unique_lock lock(mutex);
      if (++here == 100) all_here.notify_all();
      all_here.wait(lock, [&] { return here == 100; });
      if (i % 10 == 0) std::printf("%d ", i);
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::printf("here %d\n", here);
  return here != 100;
}
