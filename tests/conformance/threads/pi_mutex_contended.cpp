// A contended mutex with priority inheritance: the kernel writes the owner's thread id.
#include <pthread.h>
#include <unistd.h>

#include "observe.h"

static pthread_mutex_t mutex;

int main() {
  pthread_mutexattr_t attributes;
  OBSERVE(pthread_mutexattr_init(&attributes) == 0);
  OBSERVE(pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT) == 0);
  OBSERVE(pthread_mutex_init(&mutex, &attributes) == 0);
  OBSERVE(pthread_mutex_lock(&mutex) == 0);
  pthread_t other;
  auto lock_too = [](void*) -> void* {
    OBSERVE(pthread_mutex_lock(&mutex) == 0);
    OBSERVE(pthread_mutex_unlock(&mutex) == 0);
    return nullptr;
  };
  OBSERVE(pthread_create(&other, nullptr, lock_too, nullptr) == 0);
  usleep(20'000);
  OBSERVE(pthread_mutex_unlock(&mutex) == 0);
  OBSERVE(pthread_join(other, nullptr) == 0);
  std::puts("done");
}
