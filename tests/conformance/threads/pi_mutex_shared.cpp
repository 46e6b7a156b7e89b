// A mutex with priority inheritance in memory that two processes share.
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "observe.h"

struct Shared {
  pthread_mutex_t mutex;
  int count;
};

int main() {
  auto* shared = static_cast<Shared*>(
      mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  pthread_mutexattr_t attributes;
  OBSERVE(pthread_mutexattr_init(&attributes) == 0);
  OBSERVE(pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT) == 0);
  OBSERVE(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0);
  OBSERVE(pthread_mutex_init(&shared->mutex, &attributes) == 0);
  const pid_t child = fork();
  for (int i = 0; i < 5; ++i) {
    OBSERVE(pthread_mutex_lock(&shared->mutex) == 0);
    const int seen = shared->count;
    usleep(50);
    shared->count = seen + 1;
    std::printf("%s: %d\n", child == 0 ? "child" : "parent", shared->count);
    std::fflush(stdout);
    OBSERVE(pthread_mutex_unlock(&shared->mutex) == 0);
  }
  if (child == 0) _exit(0);
  OBSERVE(waitpid(child, nullptr, 0) == child);
  OBSERVE(shared->count == 10);
}
