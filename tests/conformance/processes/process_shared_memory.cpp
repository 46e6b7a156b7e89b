// Processes that share memory: stores before a death by signal and before exec are seen, a
// process-shared robust mutex tells of its dead owner.
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <initializer_list>

namespace {
struct Shared {
  volatile int value;
  pthread_mutex_t mutex;
};

int* volatile nowhere = nullptr;

void end_of(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  std::printf("status %d\n", status);
  std::fflush(stdout);
}
}  // namespace

int main() {
  auto* const shared = static_cast<Shared*>(
      mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&shared->mutex, &attributes);
  pid_t child = fork();
  if (child == 0) {
    shared->value = 1;
    *nowhere = 1;
  }
  end_of(child);
  bool right = shared->value == 1;
  child = fork();
  if (child == 0) {
    shared->value = 2;
    execl("/bin/true", "true", nullptr);
    _exit(1);
  }
  end_of(child);
  right = right && shared->value == 2;
  for (bool by_signal : {false, true}) {
    child = fork();
    if (child == 0) {
      pthread_mutex_lock(&shared->mutex);
      if (by_signal) raise(SIGKILL);
      _exit(0);
    }
    end_of(child);
    const int result = pthread_mutex_lock(&shared->mutex);
    std::printf("value %d, owner dead %d\n", shared->value, result == EOWNERDEAD);
    right = right && result == EOWNERDEAD;
    pthread_mutex_consistent(&shared->mutex);
    pthread_mutex_unlock(&shared->mutex);
  }
  return !right;
}
