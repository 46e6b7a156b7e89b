// Threads meet at a barrier round after round; one of them is told that it was the last.
#include <pthread.h>

#include <cstdio>
#include <thread>
#include <vector>

int main() {
  pthread_barrier_t barrier;
  pthread_barrier_init(&barrier, nullptr, 4);
  int last[5] = {};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 5; ++round) {
        if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD) {
          std::printf("round %d: thread %d was the last\n", round, i);
          ++last[round];
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int count : last) {
    if (count != 1) return 1;
  }
  return pthread_barrier_destroy(&barrier) != 0;
}
