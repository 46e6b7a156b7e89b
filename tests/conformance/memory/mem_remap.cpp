// mremap: growing, moving where told, shrinking, and what MREMAP_DONTUNMAP leaves behind.
#include <sys/mman.h>

#include "observe.h"

int main() {
  constexpr std::size_t kPage = 4096;
  auto* memory = static_cast<char*>(
      mmap(nullptr, 2 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  OBSERVE(memory != MAP_FAILED);
  std::strcpy(memory + kPage, "second page");
  auto* grown = static_cast<char*>(mremap(memory, 2 * kPage, 300 * kPage, MREMAP_MAYMOVE));
  OBSERVE(grown != MAP_FAILED);
  OBSERVE(std::strcmp(grown + kPage, "second page") == 0 && grown[299 * kPage] == 0);
  grown[299 * kPage] = 'z';
  auto* target =
      static_cast<char*>(mmap(nullptr, 300 * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  OBSERVE(target != MAP_FAILED);
  auto* moved = static_cast<char*>(
      mremap(grown, 300 * kPage, 300 * kPage, MREMAP_MAYMOVE | MREMAP_FIXED, target));
  OBSERVE(moved == target && moved[299 * kPage] == 'z');
  OBSERVE(mremap(moved, 300 * kPage, 2 * kPage, 0) == moved);
  auto* copy =
      static_cast<char*>(mremap(moved, kPage * 2, kPage * 2, MREMAP_MAYMOVE | MREMAP_DONTUNMAP));
  if (copy != MAP_FAILED) {
    OBSERVE(std::strcmp(copy + kPage, "second page") == 0);
    OBSERVE(moved[kPage] == 0);
  }
  std::printf("%p %p %p\n", static_cast<void*>(grown), static_cast<void*>(moved),
              static_cast<void*>(copy));
}
