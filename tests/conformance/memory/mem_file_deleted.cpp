// A temporary file is mapped, then deleted, then changed: untouched private pages show the change.
#include <sys/mman.h>

#include "temporary.h"

int main() {
  Temporary file;
  file.write(std::string(2 * 4096, 'a'));
  auto* text = static_cast<char*>(
      mmap(nullptr, 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, file.fd(), 0));
  OBSERVE(text != MAP_FAILED);
  text[0] = 'x';  // this page is a copy from now on
  file.remove();
  file.write("bb", 0);
  file.write("bb", 4096);
  OBSERVE(text[0] == 'x' && text[1] == 'a');
  OBSERVE(text[4096] == 'b' || text[4096] == 'a');  // mmap(2) leaves it open
  std::printf("%.3s %.3s\n", text, text + 4096);
}
