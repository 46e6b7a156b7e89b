// Files that change between and under mappings of them: written again with the same size and the
// same times, pages given up after a write, a mapping made twice.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "temporary.h"

namespace {

char* map(const Temporary& file, int protection, int flags) {
  void* at = mmap(nullptr, 8192, protection, flags, file.fd(), 0);
  OBSERVE(at != MAP_FAILED);
  return static_cast<char*>(at);
}

void same_size_and_times() {
  Temporary file;
  const timespec old[] = {{1000, 0}, {1000, 0}};
  for (char letter = 'A'; letter < 'K'; ++letter) {
    file.write(std::string(8192, letter));
    OBSERVE(futimens(file.fd(), old) == 0);
    char* text = map(file, PROT_READ, MAP_PRIVATE);
    std::printf("%c", text[5000]);
    OBSERVE(text[5000] == letter);
    OBSERVE(munmap(text, 8192) == 0);
  }
  std::printf("\n");
}

void given_up() {
  Temporary file;
  file.write(std::string(8192, 'a'));
  char* text = map(file, PROT_READ | PROT_WRITE, MAP_PRIVATE);
  text[0] = 'x';
  file.write(std::string(8192, 'b'));
  std::printf("%c%c", text[0], text[5000]);
  OBSERVE(madvise(text, 8192, MADV_DONTNEED) == 0);
  OBSERVE(text[0] == 'b' && text[5000] == 'b');
  std::printf(" %c%c\n", text[0], text[5000]);
}

void mapped_twice() {
  Temporary file;
  file.write(std::string(8192, 'a'));
  char* first = map(file, PROT_READ, MAP_SHARED);
  file.write("before");
  auto* second = static_cast<char*>(mremap(first, 0, 8192, MREMAP_MAYMOVE));
  OBSERVE(second != MAP_FAILED && second != first);
  std::printf("%.6s %.6s\n", first, second);
  file.write("behind");
  std::printf("%.6s %.6s\n", first, second);
  OBSERVE(std::string(second, 6) == "behind");
}

}  // namespace

int main() {
  same_size_and_times();
  given_up();
  mapped_twice();
  return 0;
}
