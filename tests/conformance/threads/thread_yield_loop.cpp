// Threads that wait for one another with sched_yield alone.
#include <sched.h>

#include <atomic>
#include <cstdio>
#include <thread>
#include <vector>

int main() {
  std::atomic<int> turn{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&turn, i] {
      for (int round = 0; round < 5; ++round) {
        while (turn % 3 != i) sched_yield();
        std::printf("turn %d: thread %d\n", turn.load(), i);
        ++turn;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return turn != 15;
}
