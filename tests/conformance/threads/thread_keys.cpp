// pthread keys whose destructors set them again, once, spin locks, error-checking and recursive
// mutexes, and a thread's stack as pthread_getattr_np tells it.
#include <pthread.h>

#include <thread>
#include <vector>

#include "observe.h"

namespace {
pthread_key_t key;
int destructions = 0;
pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
void destroy(void* value) {
  pthread_mutex_lock(&guard);
  ++destructions;
  pthread_mutex_unlock(&guard);
  const auto left = reinterpret_cast<size_t>(value) - 1;
  if (left > 0) pthread_setspecific(key, reinterpret_cast<void*>(left));
}

pthread_mutex_t mutex_of(int type) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_settype(&attributes, type);
  pthread_mutex_t mutex;
  pthread_mutex_init(&mutex, &attributes);
  return mutex;
}
}  // namespace

int main() {
  OBSERVE(pthread_key_create(&key, destroy) == 0);
  std::vector<std::thread> threads;
  for (size_t i = 1; i <= 3; ++i) {
    threads.emplace_back([i] { pthread_setspecific(key, reinterpret_cast<void*>(i)); });
  }
  for (auto& thread : threads) thread.join();
  std::printf("destructions %d\n", destructions);

  pthread_mutex_t checking = mutex_of(PTHREAD_MUTEX_ERRORCHECK);
  OBSERVE(pthread_mutex_lock(&checking) == 0 && pthread_mutex_lock(&checking) == EDEADLK);
  std::thread([&] { OBSERVE(pthread_mutex_unlock(&checking) == EPERM); }).join();
  pthread_mutex_t recursive = mutex_of(PTHREAD_MUTEX_RECURSIVE);
  OBSERVE(pthread_mutex_lock(&recursive) == 0 && pthread_mutex_lock(&recursive) == 0);
  pthread_spinlock_t spin;
  OBSERVE(pthread_spin_init(&spin, 0) == 0);
  long counter = 0;
  threads.clear();
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 500; ++k) {
        pthread_spin_lock(&spin);
        ++counter;
        pthread_spin_unlock(&spin);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  std::printf("counter %ld\n", counter);

  pthread_attr_t attributes;
  void* start = nullptr;
  size_t size = 0;
  OBSERVE(pthread_getattr_np(pthread_self(), &attributes) == 0);
  OBSERVE(pthread_attr_getstack(&attributes, &start, &size) == 0);
  const char* here = reinterpret_cast<const char*>(&size);
  std::printf("on its stack: %d\n", here > start && here < static_cast<char*>(start) + size);
  OBSERVE(pthread_attr_init(&attributes) == 0 &&
          pthread_attr_setstacksize(&attributes, 1 << 17) == 0);
  pthread_t thread;
  const auto work = [](void*) -> void* {
    volatile char room[1 << 15];
    room[0] = 5;
    return reinterpret_cast<void*>(size_t(room[0]));
  };
  void* result = nullptr;
  OBSERVE(pthread_create(&thread, &attributes, work, nullptr) == 0);
  OBSERVE(pthread_join(thread, &result) == 0);
  std::printf("result %zu\n", reinterpret_cast<size_t>(result));
}
