// /dev/zero mapped privately is anonymous memory; a read from it gives zeros.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "observe.h"

int main() {
  int fd = open("/dev/zero", O_RDWR | O_CLOEXEC);
  OBSERVE(fd >= 0);
  auto* memory =
      static_cast<char*>(mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
  OBSERVE(memory != MAP_FAILED);
  OBSERVE(memory[0] == 0 && memory[8191] == 0);
  memory[5000] = 'z';
  std::memset(memory, 'a', 100);
  OBSERVE(read(fd, memory, 50) == 50);
  OBSERVE(memory[49] == 0 && memory[50] == 'a');
  OBSERVE(close(fd) == 0);
  std::printf("%c%c\n", memory[5000], memory[50]);
}
