// A memfd mapped privately, beside a read-only shared mapping of it; sealed at the end.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "observe.h"

int main() {
  int fd = memfd_create("guest", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  OBSERVE(fd >= 0);
  OBSERVE(ftruncate(fd, 8192) == 0);
  OBSERVE(pwrite(fd, "hello", 5, 4096) == 5);
  auto* memory =
      static_cast<char*>(mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
  OBSERVE(memory != MAP_FAILED);
  OBSERVE(std::strcmp(memory + 4096, "hello") == 0 && memory[0] == 0);
  memory[4096] = 'j';
  char byte = 0;
  OBSERVE(pread(fd, &byte, 1, 4096) == 1 && byte == 'h');
  OBSERVE(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) == 0);
  OBSERVE(ftruncate(fd, 4096) == -1 && errno == EPERM);
  OBSERVE(close(fd) == 0);
  std::printf("%s\n", memory + 4096);
}
