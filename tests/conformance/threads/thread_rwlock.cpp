// Readers and writers of a value under a shared mutex; a reader never sees a half-written one.
#include <unistd.h>

#include <cstdio>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <vector>

int main() {
  std::shared_mutex mutex;
  int left = 0, right = 0, torn = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      for (int turn = 0; turn < 10; ++turn) {
        std::unique_lock lock(mutex);
        ++left;
        usleep(10);
        ++right;
      }
    });
  }
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&, i] {
      for (int turn = 0; turn < 10; ++turn) {
        std::shared_lock lock(mutex);
        if (left != right) ++torn;
        std::printf("reader %d sees %d\n", i, left);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::printf("torn %d, at last %d\n", torn, right);
  return torn != 0 || right != 20;
}
