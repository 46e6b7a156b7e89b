// Two threads that wait for one another's mutex, one that sleeps, one that waits for an event that
// never comes, and the first, which waits for them: a hang.
#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

static pthread_mutex_t left = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t right = PTHREAD_MUTEX_INITIALIZER;
static sem_t never;
static pthread_barrier_t both;

static void* takes_left(void*) {
  pthread_mutex_lock(&left);
  pthread_barrier_wait(&both);
  pthread_mutex_lock(&right);
  return nullptr;
}

static void* takes_right(void*) {
  pthread_mutex_lock(&right);
  pthread_barrier_wait(&both);
  pthread_mutex_lock(&left);
  return nullptr;
}

static void* sleeps(void*) {
  for (;;) sleep(1000);
}

static void* waits(void*) {
  sem_wait(&never);
  return nullptr;
}

int main() {
  sem_init(&never, 0, 0);
  pthread_barrier_init(&both, nullptr, 2);
  pthread_t threads[4];
  pthread_create(&threads[0], nullptr, takes_left, nullptr);
  pthread_create(&threads[1], nullptr, takes_right, nullptr);
  pthread_create(&threads[2], nullptr, sleeps, nullptr);
  pthread_create(&threads[3], nullptr, waits, nullptr);
  for (pthread_t thread : threads) pthread_join(thread, nullptr);
  return 0;
}
