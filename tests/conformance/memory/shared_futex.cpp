// A bare futex in System V memory: one process waits in the kernel for the other, with a time limit
// and without.
#include <linux/futex.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>

#include "observe.h"

namespace {
long futex(std::atomic<int>* word, int operation, int value, const timespec* limit = nullptr) {
  return syscall(SYS_futex, word, operation, value, limit, nullptr, 0);
}
}  // namespace

int main() {
  const int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
  OBSERVE(id >= 0);
  auto* word = static_cast<std::atomic<int>*>(shmat(id, nullptr, 0));
  OBSERVE(shmctl(id, IPC_RMID, nullptr) == 0);
  const timespec shortly{0, 1'000'000};
  OBSERVE(futex(word, FUTEX_WAIT, 0, &shortly) == -1 && errno == ETIMEDOUT);
  const pid_t child = fork();
  const int mine = child == 0 ? 1 : 0;
  int waits = 0;
  for (int i = 0; i < 20; ++i) {
    for (int seen; (seen = word->load()) % 2 != mine;) {
      ++waits;
      futex(word, FUTEX_WAIT, seen);
    }
    ++*word;
    futex(word, FUTEX_WAKE, 1);
  }
  if (child == 0) _exit(waits > 0 ? 1 : 2);
  int status = 0;
  OBSERVE(waitpid(child, &status, 0) == child);
  std::printf("%d, %d waits, child %d\n", word->load(), waits, WEXITSTATUS(status));
}
