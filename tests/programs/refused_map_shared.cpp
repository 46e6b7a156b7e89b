// A file mapped for writing that others would see.
#include <sys/mman.h>

#include "temporary.h"

int main() {
  Temporary file;
  int fd = dup(file.fd());
  file.write("0123");
  file.remove();
  auto* text = static_cast<char*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  OBSERVE(text != MAP_FAILED);
  text[0] = 'x';
  std::printf("%s\n", text);
}
