// A file that is mapped privately is mapped for writing, too, that others would see.
#include <sys/mman.h>

#include "temporary.h"

int main() {
  Temporary file;
  int fd = dup(file.fd());
  file.write("0123");
  file.remove();
  auto* copy = static_cast<char*>(mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, fd, 0));
  auto* text = static_cast<char*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  OBSERVE(copy != MAP_FAILED && text != MAP_FAILED);
  text[0] = 'x';
  std::printf("%s\n", copy);
}
