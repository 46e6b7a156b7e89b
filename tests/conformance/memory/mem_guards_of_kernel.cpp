// Guard pages as newer kernels have them (MADV_GUARD_INSTALL), droppable and sealed memory: absent
// when recorded, as on Linux 6.1; a program falls back.
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "observe.h"

int main() {
  constexpr size_t kSize = 4 * 4096;
  auto* bytes = static_cast<char*>(
      mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  OBSERVE(bytes != MAP_FAILED);
  constexpr int kGuardInstall = 102;
  const bool guards = madvise(bytes, 4096, kGuardInstall) == 0;
  if (!guards) OBSERVE(mprotect(bytes, 4096, PROT_NONE) == 0);
  int ends[2];
  OBSERVE(pipe(ends) == 0);
  OBSERVE(write(ends[1], bytes, 1) == -1 && errno == EFAULT);
  constexpr int kDroppable = 8;
  void* droppable = mmap(nullptr, kSize, PROT_READ, kDroppable | MAP_ANONYMOUS, -1, 0);
  if (droppable != MAP_FAILED) munmap(droppable, kSize);
  constexpr long kSeal = 462;
  if (syscall(kSeal, bytes + 8192, 4096, 0) != 0) OBSERVE(errno == ENOSYS || errno == EPERM);
  std::printf("guarded\n");
}
