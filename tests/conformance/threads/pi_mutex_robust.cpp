// A robust mutex with priority inheritance whose owner dies, while others wait for it and while
// nobody does; threads look at its word all the time.
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "observe.h"

static pthread_mutex_t mutex;
static int deaths;

static void lock() {
  const int result = pthread_mutex_lock(&mutex);
  if (result == EOWNERDEAD) {
    ++deaths;
    OBSERVE(pthread_mutex_consistent(&mutex) == 0);
  } else {
    OBSERVE(result == 0);
  }
}

int main() {
  pthread_mutexattr_t attributes;
  OBSERVE(pthread_mutexattr_init(&attributes) == 0);
  OBSERVE(pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT) == 0);
  OBSERVE(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0);
  OBSERVE(pthread_mutex_init(&mutex, &attributes) == 0);

  std::thread([] { lock(); }).join();  // nobody waits
  lock();
  OBSERVE(deaths == 1);
  OBSERVE(pthread_mutex_unlock(&mutex) == 0);

  std::atomic<bool> stop = false;
  std::vector<int> words;
  std::thread watcher([&] {
    int last = 0;
    while (!stop) {
      const int word = __atomic_load_n(&mutex.__data.__lock, __ATOMIC_RELAXED);
      if (word != last && words.size() < 1000) words.push_back(last = word);
      sched_yield();
    }
  });
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([i] {
      for (int turn = 0; turn < 3; ++turn) {
        lock();
        usleep(50);
        if (turn == 2 && i % 2 == 0) return;  // dies with it
        OBSERVE(pthread_mutex_unlock(&mutex) == 0);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  stop = true;
  watcher.join();
  lock();
  OBSERVE(pthread_mutex_unlock(&mutex) == 0);
  OBSERVE(deaths == 3);
  for (const int word : words) std::printf("%08x\n", unsigned(word));
}
