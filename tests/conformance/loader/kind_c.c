/* Without C++, for other C libraries: threads, time, a child, memory. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int sum;

static void* add(void* amount) {
  for (int i = 0; i < 100; ++i) {
    pthread_mutex_lock(&mutex);
    sum += *(int*)amount;
    pthread_mutex_unlock(&mutex);
  }
  return amount;
}

int main(void) {
  pthread_t threads[3];
  int amounts[3] = {1, 2, 3};
  for (int i = 0; i < 3; ++i) {
    if (pthread_create(&threads[i], NULL, add, &amounts[i]) != 0) return 1;
  }
  for (int i = 0; i < 3; ++i) pthread_join(threads[i], NULL);
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  char* memory = malloc(1000000);
  printf("sum %d time %lld.%09ld pid %d at %p\n", sum, (long long)now.tv_sec, now.tv_nsec,
         (int)getpid(), (void*)memory);
  free(memory);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) _exit(7);
  int status = 0;
  if (waitpid(child, &status, 0) != child || WEXITSTATUS(status) != 7 || sum != 600) {
    printf("status %d, sum %d\n", status, sum);
    return 1;
  }
  return 0;
}
