// MADV_DONTNEED: zero pages again, file content again, and ENOMEM over a hole after doing its work.
#include <sys/mman.h>

#include "temporary.h"

int main() {
  constexpr std::size_t kPage = 4096;
  auto* memory = static_cast<char*>(
      mmap(nullptr, 4 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  OBSERVE(memory != MAP_FAILED);
  std::memset(memory, 'a', 4 * kPage);
  OBSERVE(madvise(memory + kPage, kPage, MADV_DONTNEED) == 0);
  OBSERVE(memory[0] == 'a' && memory[kPage] == 0 && memory[2 * kPage] == 'a');

  OBSERVE(munmap(memory + kPage, kPage) == 0);
  OBSERVE(madvise(memory, 4 * kPage, MADV_DONTNEED) == -1 && errno == ENOMEM);
  std::printf("after ENOMEM: %d %d %d\n", memory[0], memory[2 * kPage], memory[3 * kPage]);
  OBSERVE(memory[0] == 0 && memory[3 * kPage] == 0);

  Temporary file;
  file.write(std::string(2 * kPage, 'f'));
  auto* text = static_cast<char*>(
      mmap(nullptr, 2 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE, file.fd(), 0));
  OBSERVE(text != MAP_FAILED);
  text[0] = text[kPage] = 'x';
  OBSERVE(madvise(text, kPage, MADV_DONTNEED) == 0);
  OBSERVE(text[0] == 'f' && text[kPage] == 'x');
  OBSERVE(madvise(text, kPage, MADV_WILLNEED) == 0);
  OBSERVE(madvise(text + 1, kPage, MADV_DONTNEED) == -1 && errno == EINVAL);
  std::printf("%.2s %.2s\n", text, text + kPage);
}
