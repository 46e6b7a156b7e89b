// A read-only shared mapping of a file becomes writable later.
#include <sys/mman.h>

#include "temporary.h"

int main() {
  Temporary file;
  file.write("0123");
  int fd = dup(file.fd());
  file.remove();
  auto* text = static_cast<char*>(mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd, 0));
  OBSERVE(text != MAP_FAILED && text[0] == '0');
  OBSERVE(mprotect(text, 4096, PROT_READ | PROT_WRITE) == 0);
  text[0] = 'x';
  std::printf("%s\n", text);
}
