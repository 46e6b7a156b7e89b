// A mutex and a condition variable between processes.
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

namespace {
struct Shared {
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  int turn;
};
}  // namespace

int main() {
  auto* const shared = static_cast<Shared*>(
      mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  pthread_mutexattr_t mutex_attributes;
  pthread_mutexattr_init(&mutex_attributes);
  pthread_mutexattr_setpshared(&mutex_attributes, PTHREAD_PROCESS_SHARED);
  pthread_mutex_init(&shared->mutex, &mutex_attributes);
  pthread_condattr_t condition_attributes;
  pthread_condattr_init(&condition_attributes);
  pthread_condattr_setpshared(&condition_attributes, PTHREAD_PROCESS_SHARED);
  pthread_cond_init(&shared->changed, &condition_attributes);
  for (int i = 0; i < 3; ++i) {
    if (fork() == 0) {
      for (int round = 0; round < 4; ++round) {
        pthread_mutex_lock(&shared->mutex);
        while (shared->turn % 3 != i) pthread_cond_wait(&shared->changed, &shared->mutex);
        std::printf("turn %d: process %d\n", shared->turn++, i);
        std::fflush(stdout);
        pthread_cond_broadcast(&shared->changed);
        pthread_mutex_unlock(&shared->mutex);
      }
      _exit(0);
    }
  }
  int status = 0, statuses = 0;
  while (wait(&status) > 0) statuses |= status;
  return statuses != 0 || shared->turn != 12;
}
