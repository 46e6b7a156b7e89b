// A jthread is asked to stop while it waits on a condition_variable_any; the destructor joins.
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <stop_token>
#include <thread>

int main() {
  std::mutex mutex;
  std::condition_variable_any changed;
  int ended = 0;
  {
    std::jthread worker([&](std::stop_token token) {
      std::unique_lock lock(mutex);
      const bool satisfied = changed.wait(lock, token, [] { return false; });
      std::printf("satisfied %d, stop requested %d\n", satisfied, token.stop_requested());
      ++ended;
    });
    std::stop_callback callback(worker.get_stop_token(), [] { std::printf("stop callback\n"); });
    std::this_thread::yield();
  }
  std::printf("ended %d\n", ended);
  return ended != 1;
}
