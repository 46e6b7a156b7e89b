/* The threads of C11: thrd_create, mutexes of every type, conditions, tss with destructors,
 * call_once. */
#include <stdio.h>
#include <stdlib.h>
#include <threads.h>
#include <time.h>

static mtx_t lock;
static cnd_t changed;
static tss_t key;
static once_flag once = ONCE_FLAG_INIT;
static int value, destroyed;

static void first(void) { value = 100; }
static void destroy(void* what) {
  (void)what;
  mtx_lock(&lock);
  ++destroyed;
  mtx_unlock(&lock);
}

static int work(void* argument) {
  int const number = *(int*)argument;
  call_once(&once, first);
  tss_set(key, argument);
  mtx_lock(&lock);
  ++value;
  cnd_signal(&changed);
  mtx_unlock(&lock);
  return number * 2;
}

int main(void) {
  thrd_t threads[4];
  int numbers[4], sum = 0, result = 0;
  if (mtx_init(&lock, mtx_timed) != thrd_success || cnd_init(&changed) != thrd_success) return 1;
  if (tss_create(&key, destroy) != thrd_success) return 1;
  for (int i = 0; i < 4; ++i) {
    numbers[i] = i;
    if (thrd_create(&threads[i], work, &numbers[i]) != thrd_success) return 1;
  }
  mtx_lock(&lock);
  while (value != 104) cnd_wait(&changed, &lock);
  mtx_unlock(&lock);
  for (int i = 0; i < 4; ++i) {
    thrd_join(threads[i], &result);
    sum += result;
  }
  struct timespec until;
  timespec_get(&until, TIME_UTC);
  mtx_lock(&lock);
  int const timed = mtx_timedlock(&lock, &until);
  mtx_unlock(&lock);
  thrd_yield();
  printf("sum %d, value %d, destroyed %d, timed %d\n", sum, value, destroyed,
         timed == thrd_timedout);
  return 0;
}
