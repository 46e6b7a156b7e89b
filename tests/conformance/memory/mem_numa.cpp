// Policies, residence and barriers: get_mempolicy, set_mempolicy, mbind, move_pages, membarrier.
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "observe.h"

int main() {
  const auto show = [](const char* what, long result) {
    std::printf("%s: %s\n", what, result < 0 ? strerrorname_np(errno) : "done");
  };
  int mode = -1;
  unsigned long nodes[16] = {};
  show("get_mempolicy", syscall(SYS_get_mempolicy, &mode, nodes, 1024ul, 0, 0));
  std::printf("mode %d\n", mode);
  auto* bytes = static_cast<char*>(
      mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  bytes[0] = 1;
  show("node of an address", syscall(SYS_get_mempolicy, &mode, nullptr, 0, bytes, 3));
  nodes[0] = 1;
  show("mbind", syscall(SYS_mbind, bytes, 8192, 2, nodes, 64, 0));
  show("set_mempolicy", syscall(SYS_set_mempolicy, 0, nullptr, 0));
  void* pages[] = {bytes, bytes + 4096};
  int status[2] = {77, 77};
  show("move_pages", syscall(SYS_move_pages, 0, 2ul, pages, nullptr, status, 0));
  std::printf("status %d %d\n", status[0], status[1] < 0);
  std::printf("membarrier: %d\n", syscall(SYS_membarrier, 0, 0, 0) > 0);
  show("register", syscall(SYS_membarrier, 16, 0, 0));
  show("private expedited", syscall(SYS_membarrier, 8, 0, 0));
}
