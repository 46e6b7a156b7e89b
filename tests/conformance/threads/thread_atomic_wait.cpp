// C++20: atomic wait and notify, latch, barrier, counting_semaphore, call_once that throws.
#include <atomic>
#include <barrier>
#include <cstdio>
#include <latch>
#include <mutex>
#include <semaphore>
#include <stdexcept>
#include <thread>
#include <vector>

int main() {
  std::atomic<int> state{0};
  std::latch started(3);
  int phases = 0, calls = 0;
  std::barrier phase(3, [&phases]() noexcept { std::printf("phase %d\n", ++phases); });
  std::counting_semaphore<2> permits(2);
  std::once_flag once;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&, i] {
      started.arrive_and_wait();
      state.wait(0);
      for (int round = 0; round < 3; ++round) {
        permits.acquire();
        try {
          std::call_once(once, [&] {
            if (++calls < 2) throw std::runtime_error("again");
          });
        } catch (const std::runtime_error&) {
          std::printf("thread %d threw\n", i);
        }
        permits.release();
        phase.arrive_and_wait();
      }
    });
  }
  started.wait();
  state = 1;
  state.notify_all();
  for (std::thread& thread : threads) thread.join();
  std::printf("phases %d, calls %d\n", phases, calls);
  return phases != 3 || calls != 2;
}
