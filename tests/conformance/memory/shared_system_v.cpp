// System V shared memory: attached before and after a fork, twice, read-only, detached, removed.
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#include "observe.h"

namespace {
sigjmp_buf back;

/// A load there faults.
bool is_gone(const volatile char* at) {
  if (sigsetjmp(back, 1) != 0) return true;
  (void)*at;
  return false;
}
}  // namespace

int main() {
  const int id = shmget(IPC_PRIVATE, 3 * 4096, IPC_CREAT | 0600);
  OBSERVE(id >= 0);
  auto* cells = static_cast<volatile int*>(shmat(id, nullptr, 0));
  OBSERVE(cells != reinterpret_cast<void*>(-1));
  cells[0] = 1;
  const pid_t child = fork();
  if (child == 0) {
    auto* again = static_cast<volatile int*>(shmat(id, nullptr, 0));
    OBSERVE(again != cells && again[0] == 1);
    again[1024] = 5;
    OBSERVE(cells[1024] == 5);
    OBSERVE(shmdt(const_cast<int*>(again)) == 0);
    while (cells[1] == 0) sched_yield();
    cells[2048] = cells[1] + 1;
    _exit(0);
  }
  shmid_ds information{};
  OBSERVE(shmctl(id, IPC_STAT, &information) == 0);
  std::printf("%zu bytes\n", information.shm_segsz);
  cells[1] = 41;
  OBSERVE(waitpid(child, nullptr, 0) == child);
  const auto* view = static_cast<const int*>(shmat(id, nullptr, SHM_RDONLY));
  std::printf("%d %d %d %d\n", view[0], view[1], view[1024], view[2048]);
  OBSERVE(view[2048] == 42);
  // In three parts: shmdt takes them all, but for what was unmapped.
  auto* base = reinterpret_cast<char*>(const_cast<int*>(cells));
  OBSERVE(mprotect(base + 4096, 4096, PROT_READ) == 0);
  OBSERVE(shmctl(id, IPC_RMID, nullptr) == 0);
  OBSERVE(shmdt(base) == 0);
  OBSERVE(msync(base, 3 * 4096, MS_ASYNC) == -1 && errno == ENOMEM);
  signal(SIGSEGV, [](int) { siglongjmp(back, 1); });
  std::printf("%d %d %d\n", is_gone(base), is_gone(base + 4096), is_gone(base + 8192));
  OBSERVE(view[0] == 1 && shmdt(view) == 0);
  OBSERVE(shmat(id, nullptr, 0) == reinterpret_cast<void*>(-1));
  std::printf("%s\n", std::strerror(errno));
}
