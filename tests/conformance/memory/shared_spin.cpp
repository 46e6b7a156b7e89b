// Two processes spin, without any system call, until the other one has counted on.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

#include "temporary.h"

int main() {
  Temporary file;
  OBSERVE(ftruncate(file.fd(), 4096) == 0);
  void* memory = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file.fd(), 0);
  OBSERVE(memory != MAP_FAILED);
  file.remove();
  auto* turn = static_cast<std::atomic<int>*>(memory);
  auto* loops = new (static_cast<char*>(memory) + 64) std::atomic<long>(0);
  constexpr int kTurns = 20;
  const pid_t child = fork();
  for (int i = child == 0 ? 1 : 0; i < kTurns; i += 2) {
    while (turn->load() != i) ++*loops;
    turn->store(i + 1);
  }
  if (child == 0) _exit(0);
  OBSERVE(waitpid(child, nullptr, 0) == child);
  std::printf("%d turns, %s\n", turn->load(), loops->load() > 0 ? "waited" : "never waited");
  // How often they looked depends on the schedule: a replay must repeat it.
  std::printf("%ld\n", loops->load());
}
