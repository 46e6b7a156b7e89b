// A mapped file becomes shorter: its last pages would raise SIGBUS.
#include <sys/mman.h>

#include "temporary.h"

int main() {
  Temporary file;
  file.write(std::string(8192, 'a'));
  int fd = dup(file.fd());
  file.remove();
  auto* text = static_cast<char*>(mmap(nullptr, 8192, PROT_READ, MAP_PRIVATE, fd, 0));
  OBSERVE(text != MAP_FAILED && text[8191] == 'a');
  OBSERVE(ftruncate(fd, 10) == 0);
  OBSERVE(text[9] == 'a' && text[10] == 0);
  std::puts("shorter");
}
