// A file is mapped MAP_SHARED and read-only, then changed with write: the mapping shows it.
#include <sys/mman.h>

#include "temporary.h"

int main() {
  Temporary file;
  file.write("0123");
  int fd = dup(file.fd());
  file.remove();
  auto* text = static_cast<char*>(mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd, 0));
  OBSERVE(text != MAP_FAILED && text[0] == '0');
  OBSERVE(pwrite(fd, "x", 1, 0) == 1);
  OBSERVE(text[0] == 'x');
  std::printf("%s\n", text);
}
