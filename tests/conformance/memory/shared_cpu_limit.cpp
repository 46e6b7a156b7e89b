// The kernel kills a child in the middle of its own code, which stores into shared memory of three
// kinds: what it left there is seen.
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/wait.h>

#include "temporary.h"

int main() {
  Temporary file;
  OBSERVE(ftruncate(file.fd(), 4096) == 0);
  const int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
  OBSERVE(id >= 0);
  auto* first = static_cast<volatile long*>(
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file.fd(), 0));
  auto* second = static_cast<volatile long*>(
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  auto* third = static_cast<volatile long*>(shmat(id, nullptr, 0));
  OBSERVE(shmctl(id, IPC_RMID, nullptr) == 0);
  const pid_t child = fork();
  if (child == 0) {
    const rlimit limit{1, 1};
    setrlimit(RLIMIT_CPU, &limit);
    for (long i = 1;; ++i) {
      first[i % 8] = i;
      second[i % 8] = i;
      third[i % 8] = i;
    }
  }
  int status = 0;
  OBSERVE(waitpid(child, &status, 0) == child);
  std::printf("signal %d\n", WTERMSIG(status));
  for (int i = 0; i < 8; ++i) std::printf("%ld %ld %ld\n", first[i], second[i], third[i]);
}
