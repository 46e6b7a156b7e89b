// Four processes at one mutex and one condition variable in a mapped file; a counter that nothing
// protects loses updates as the schedule has it.
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "temporary.h"

namespace {
struct Shared {
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  int waiting;
  int counter;
  volatile int unprotected;
};
}  // namespace

int main() {
  Temporary file;
  OBSERVE(ftruncate(file.fd(), sizeof(Shared)) == 0);
  void* memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED, file.fd(), 0);
  OBSERVE(memory != MAP_FAILED);
  auto* shared = static_cast<Shared*>(memory);
  pthread_mutexattr_t mutex;
  pthread_mutexattr_init(&mutex);
  pthread_mutexattr_setpshared(&mutex, PTHREAD_PROCESS_SHARED);
  pthread_mutex_init(&shared->mutex, &mutex);
  pthread_condattr_t condition;
  pthread_condattr_init(&condition);
  pthread_condattr_setpshared(&condition, PTHREAD_PROCESS_SHARED);
  pthread_cond_init(&shared->changed, &condition);
  constexpr int kChildren = 3;
  for (int child = 0; child < kChildren; ++child) {
    if (fork() != 0) continue;
    // The first meets the others at a barrier of their own making.
    pthread_mutex_lock(&shared->mutex);
    ++shared->waiting;
    pthread_cond_broadcast(&shared->changed);
    while (shared->waiting < kChildren) pthread_cond_wait(&shared->changed, &shared->mutex);
    pthread_mutex_unlock(&shared->mutex);
    for (int i = 0; i < 50; ++i) {
      const int seen = shared->unprotected;
      pthread_mutex_lock(&shared->mutex);
      ++shared->counter;
      pthread_mutex_unlock(&shared->mutex);
      shared->unprotected = seen + 1;
    }
    _exit(0);
  }
  for (int child = 0; child < kChildren; ++child) OBSERVE(wait(nullptr) > 0);
  OBSERVE(shared->counter == kChildren * 50);
  std::printf("%d %d\n", shared->counter, shared->unprotected);
}
