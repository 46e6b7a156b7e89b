// Shared mappings that change: readable to writable, grown, moved, doubled, partly unmapped, over
// one another; advice that makes holes.
#include <sys/mman.h>
#include <sys/wait.h>

#include "temporary.h"

namespace {
char* map(int fd, std::size_t length, int protection, off_t offset = 0) {
  void* memory = mmap(nullptr, length, protection, MAP_SHARED, fd, offset);
  OBSERVE(memory != MAP_FAILED);
  return static_cast<char*>(memory);
}
}  // namespace

int main() {
  constexpr std::size_t kPage = 4096;
  Temporary file;
  for (int page = 0; page < 8; ++page) {
    file.write(std::string(kPage, static_cast<char>('0' + page)), static_cast<off_t>(page * kPage));
  }
  char* first = map(file.fd(), kPage, PROT_READ);
  OBSERVE(first[0] == '0' && mprotect(first, kPage, PROT_READ | PROT_WRITE) == 0);
  first[0] = 'a';
  void* grown = mremap(first, kPage, 4 * kPage, MREMAP_MAYMOVE);
  OBSERVE(grown != MAP_FAILED);
  auto* text = static_cast<char*>(grown);
  OBSERVE(text[0] == 'a' && text[3 * kPage] == '3');
  text[3 * kPage] = 'b';
  void* twin = mremap(text, 0, 2 * kPage, MREMAP_MAYMOVE);
  OBSERVE(twin != MAP_FAILED && static_cast<char*>(twin)[kPage] == '1');
  static_cast<char*>(twin)[kPage] = 'c';
  OBSERVE(text[kPage] == 'c');
  OBSERVE(munmap(text + 2 * kPage, kPage) == 0);
  void* over =
      mmap(text, kPage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file.fd(), 5 * kPage);
  OBSERVE(over == text && text[0] == '5');
  text[0] = 'd';
  const pid_t child = fork();
  if (child == 0) {
    text[1] = 'e';
    text[3 * kPage + 1] = 'f';
    char* sixth = map(file.fd(), 2 * kPage, PROT_READ | PROT_WRITE, 5 * kPage);
    OBSERVE(sixth[0] == 'd' && sixth[1] == 'e');
    OBSERVE(madvise(sixth, kPage, MADV_DONTNEED) == 0 && sixth[0] == 'd');
    OBSERVE(madvise(sixth + kPage, kPage, MADV_REMOVE) == 0);
    _exit(0);
  }
  OBSERVE(waitpid(child, nullptr, 0) == child);
  char* all = map(file.fd(), 8 * kPage, PROT_READ);
  for (std::size_t page = 0; page < 8; ++page) std::printf("%.2s ", all + page * kPage);
  std::printf("|%.2s|%.2s\n", text, text + 3 * kPage);
  OBSERVE(all[6 * kPage] == 0);

  // Anonymous shared memory: MADV_REMOVE empties it, MADV_DONTNEED does not.
  auto* anonymous = static_cast<char*>(
      mmap(nullptr, 2 * kPage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  OBSERVE(anonymous != MAP_FAILED);
  anonymous[0] = anonymous[kPage] = 'x';
  OBSERVE(madvise(anonymous, kPage, MADV_DONTNEED) == 0);
  OBSERVE(madvise(anonymous + kPage, kPage, MADV_REMOVE) == 0);
  OBSERVE(mprotect(anonymous, kPage, PROT_READ) == 0);
  OBSERVE(mprotect(anonymous, kPage, PROT_READ | PROT_WRITE) == 0);
  std::printf("%d %d\n", anonymous[0], anonymous[kPage]);
  OBSERVE(anonymous[0] == 'x' && anonymous[kPage] == 0);
}
