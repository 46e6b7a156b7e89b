// A mutex with priority inheritance: the kernel hands it over, and writes its word while they wait.
#include <pthread.h>
#include <unistd.h>

#include <cstdio>
#include <thread>
#include <vector>

int main() {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  if (pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT) != 0) return 1;
  pthread_mutex_t mutex;
  pthread_mutex_init(&mutex, &attributes);
  int count = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&, i] {
      for (int turn = 0; turn < 5; ++turn) {
        if (pthread_mutex_lock(&mutex) != 0) _exit(1);
        const int seen = count;
        usleep(50);
        count = seen + 1;
        std::printf("thread %d: %d\n", i, count);
        pthread_mutex_unlock(&mutex);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return count != 15;
}
