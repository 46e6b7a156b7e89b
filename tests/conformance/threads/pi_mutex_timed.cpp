// Mutexes with priority inheritance: waiting with a deadline, trying, locking twice, and signals
// that interrupt the wait.
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <thread>

#include "observe.h"

static volatile int handled;

static timespec in_milliseconds(long ms) {
  timespec at = {};
  clock_gettime(CLOCK_REALTIME, &at);
  at.tv_nsec += ms * 1'000'000;
  at.tv_sec += at.tv_nsec / 1'000'000'000;
  at.tv_nsec %= 1'000'000'000;
  return at;
}

int main() {
  pthread_mutexattr_t attributes;
  OBSERVE(pthread_mutexattr_init(&attributes) == 0);
  OBSERVE(pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT) == 0);
  OBSERVE(pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK) == 0);
  pthread_mutex_t mutex;
  OBSERVE(pthread_mutex_init(&mutex, &attributes) == 0);
  struct sigaction action = {};
  action.sa_handler = [](int) { handled = handled + 1; };
  OBSERVE(sigaction(SIGUSR1, &action, nullptr) == 0);

  OBSERVE(pthread_mutex_lock(&mutex) == 0);
  OBSERVE(pthread_mutex_lock(&mutex) == EDEADLK);
  sem_t done;
  sem_init(&done, 0, 0);
  std::thread other([&] {
    OBSERVE(pthread_mutex_trylock(&mutex) == EBUSY);
    const timespec soon = in_milliseconds(5);
    OBSERVE(pthread_mutex_timedlock(&mutex, &soon) == ETIMEDOUT);
    sem_post(&done);
    OBSERVE(pthread_mutex_lock(&mutex) == 0);
    OBSERVE(pthread_mutex_unlock(&mutex) == 0);
  });
  sem_wait(&done);
  usleep(2'000);
  OBSERVE(pthread_kill(other.native_handle(), SIGUSR1) == 0);
  usleep(2'000);
  std::printf("word %s\n", mutex.__data.__lock < 0 ? "has waiters" : "has none");
  OBSERVE(pthread_mutex_unlock(&mutex) == 0);
  other.join();
  OBSERVE(handled == 1);
  OBSERVE(pthread_mutex_lock(&mutex) == 0);
  OBSERVE(pthread_mutex_unlock(&mutex) == 0);
  std::puts("done");
}
