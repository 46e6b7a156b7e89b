// Waits with a deadline on every clock: conditions on CLOCK_MONOTONIC, pthread_*_clock,
// try_lock_for, futures and semaphores that time out, joins that do.
#include <pthread.h>
#include <semaphore.h>

#include <atomic>
#include <chrono>
#include <future>
#include <mutex>
#include <shared_mutex>
#include <thread>

#include "observe.h"

namespace {
timespec soon(clockid_t clock, long nanoseconds) {
  timespec time{};
  clock_gettime(clock, &time);
  time.tv_nsec += nanoseconds;
  time.tv_sec += time.tv_nsec / 1'000'000'000;
  time.tv_nsec %= 1'000'000'000;
  return time;
}
}  // namespace

int main() {
  using namespace std::chrono_literals;
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  OBSERVE(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
  pthread_cond_t condition;
  pthread_cond_init(&condition, &attributes);
  pthread_mutex_lock(&mutex);
  timespec until = soon(CLOCK_MONOTONIC, 2'000'000);
  std::printf("timedwait %d\n", pthread_cond_timedwait(&condition, &mutex, &until) == ETIMEDOUT);
  until = soon(CLOCK_REALTIME, 2'000'000);
  std::printf("clockwait %d\n",
              pthread_cond_clockwait(&condition, &mutex, CLOCK_REALTIME, &until) == ETIMEDOUT);
  std::thread([&] {
    timespec limit = soon(CLOCK_MONOTONIC, 2'000'000);
    std::printf("clocklock %d\n",
                pthread_mutex_clocklock(&mutex, CLOCK_MONOTONIC, &limit) == ETIMEDOUT);
  }).join();
  pthread_mutex_unlock(&mutex);

  std::timed_mutex timed;
  std::shared_timed_mutex shared;
  timed.lock();
  shared.lock();
  std::thread([&] {
    std::printf("try_lock_for %d %d\n", timed.try_lock_for(1ms), shared.try_lock_shared_for(1ms));
  }).join();
  timed.unlock();
  shared.unlock();
  std::promise<int> promise;
  auto future = promise.get_future();
  std::printf("future %d\n", future.wait_for(1ms) == std::future_status::timeout);
  promise.set_value(3);
  std::printf("future %d\n", future.get());
  sem_t semaphore;
  sem_init(&semaphore, 0, 0);
  until = soon(CLOCK_MONOTONIC, 1'000'000);
  std::printf("sem_clockwait %d\n", sem_clockwait(&semaphore, CLOCK_MONOTONIC, &until) == -1);
  std::atomic<bool> stop = false;
  pthread_t thread;
  const auto wait = [](void* flag) -> void* {
    while (!static_cast<std::atomic<bool>*>(flag)->load()) std::this_thread::sleep_for(1ms);
    return nullptr;
  };
  OBSERVE(pthread_create(&thread, nullptr, wait, &stop) == 0);
  until = soon(CLOCK_REALTIME, 3'000'000);
  std::printf("timedjoin %d\n", pthread_timedjoin_np(thread, nullptr, &until) == ETIMEDOUT);
  stop = true;
  OBSERVE(pthread_join(thread, nullptr) == 0);
}
