// Parent and child count in turns in a file that both have mapped.
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <atomic>

#include "temporary.h"

int main() {
  Temporary file;
  OBSERVE(ftruncate(file.fd(), 4096) == 0);
  void* memory = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file.fd(), 0);
  OBSERVE(memory != MAP_FAILED);
  file.remove();
  auto* turn = static_cast<std::atomic<int>*>(memory);
  constexpr int kTurns = 40;
  const pid_t child = fork();
  for (int i = child == 0 ? 1 : 0; i < kTurns; i += 2) {
    while (turn->load() != i) sched_yield();
    turn->store(i + 1);
  }
  if (child == 0) _exit(7);
  int status = 0;
  OBSERVE(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 7);
  std::printf("%d turns\n", turn->load());
}
