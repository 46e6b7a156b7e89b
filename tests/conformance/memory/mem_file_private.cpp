// A private file mapping: writes stay in memory, the part past the end of the file is zero.
#include <sys/mman.h>

#include "temporary.h"

int main() {
  Temporary file;
  file.write(std::string(4096, 'a') + std::string(4096, 'b') + "ccc");
  auto* text = static_cast<char*>(
      mmap(nullptr, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, file.fd(), 0));
  OBSERVE(text != MAP_FAILED);
  auto* second = static_cast<char*>(mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, file.fd(), 4096));
  OBSERVE(second != MAP_FAILED);
  OBSERVE(text[0] == 'a' && text[4096] == 'b' && text[8194] == 'c' && text[8195] == 0);
  std::strcpy(text + 4090, "written over the seam");
  char byte = 0;
  OBSERVE(pread(file.fd(), &byte, 1, 4090) == 1 && byte == 'a');
  OBSERVE(second[0] == 'b');
  std::printf("%.4s %s %c\n", text, text + 4090, second[10]);
}
