// A child that locks a mutex twice, and a parent that waits for the child: a hang.
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static __attribute__((noinline)) void takes() { pthread_mutex_lock(&mutex); }

static __attribute__((noinline)) void takes_again() { pthread_mutex_lock(&mutex); }

int main() {
  const pid_t pid = fork();
  if (pid == 0) {
    takes();
    takes_again();
    _exit(0);
  }
  waitpid(pid, nullptr, 0);
  return 0;
}
