// A robust mutex whose owner dies holding it: the next owner is told, also one that was waiting.
#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <thread>

namespace {
pthread_mutex_t mutex;

int lock_after_death(bool owner_dies_late) {
  std::thread([&] {
    pthread_mutex_lock(&mutex);
    if (owner_dies_late) usleep(1000);
  }).detach();
  usleep(owner_dies_late ? 100 : 2000);
  const int result = pthread_mutex_lock(&mutex);
  if (result == EOWNERDEAD) pthread_mutex_consistent(&mutex);
  if (result == 0 || result == EOWNERDEAD) pthread_mutex_unlock(&mutex);
  return result;
}
}  // namespace

int main() {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&mutex, &attributes);
  int wrong = 0;
  for (bool late : {false, true}) {
    const int result = lock_after_death(late);
    std::printf("late %d: owner dead %d\n", late, result == EOWNERDEAD);
    // Nothing but sleeps orders the two, so the owner may come second: then there is no dead owner.
    if (result != EOWNERDEAD && result != 0) wrong = 1;
  }
  return wrong;
}
