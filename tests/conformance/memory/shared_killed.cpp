// A child is killed by its parent while it counts in shared memory: nobody can tell how far it
// comes, but a replay shows the same.
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <atomic>

#include "temporary.h"

int main() {
  Temporary file;
  OBSERVE(ftruncate(file.fd(), 4096) == 0);
  void* memory = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file.fd(), 0);
  OBSERVE(memory != MAP_FAILED);
  auto* count = static_cast<std::atomic<long>*>(memory);
  const pid_t child = fork();
  if (child == 0) {
    for (;;) {
      ++*count;
      if (count->load() % 64 == 0) sched_yield();
    }
  }
  while (count->load() < 1000) sched_yield();
  OBSERVE(kill(child, SIGKILL) == 0);
  int status = 0;
  OBSERVE(waitpid(child, &status, 0) == child);
  std::printf("%ld, signal %d\n", count->load(), WTERMSIG(status));
}
