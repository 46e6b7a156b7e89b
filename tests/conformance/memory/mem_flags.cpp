// mmap's rarer flags and its errors: MAP_32BIT, MAP_HUGETLB, MAP_SYNC, SHARED_VALIDATE, length
// zero, a descriptor that may not; mprotect over several mappings and over a hole.
#include <fcntl.h>
#include <sys/mman.h>

#include "temporary.h"

int main() {
  constexpr size_t kPage = 4096;
  const auto show = [](const char* what, void* at) {
    std::printf("%s: %s\n", what, at == MAP_FAILED ? strerrorname_np(errno) : "mapped");
  };
  void* low =
      mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  OBSERVE(low != MAP_FAILED && reinterpret_cast<size_t>(low) < (1ull << 31));
  *static_cast<int*>(low) = 1;
  show("none", mmap(nullptr, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  show("huge pages", mmap(nullptr, 2 << 20, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0));
  Temporary file;
  file.write(std::string(3 * kPage, 'f'));
  show("synchronous",
       mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED_VALIDATE | MAP_SYNC, file.fd(), 0));
  show("validated",
       mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED_VALIDATE, file.fd(), 0));
  const int reader = open(file.path(), O_RDONLY);
  show("read-only, shared", mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, reader, 0));
  show("at half a page", mmap(nullptr, kPage, PROT_READ, MAP_PRIVATE, reader, 100));
  show("no descriptor", mmap(nullptr, kPage, PROT_READ, MAP_PRIVATE, 999, 0));
  show("far away", mmap(reinterpret_cast<void*>(1ull << 60), kPage, PROT_READ,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
  auto* bytes = static_cast<char*>(
      mmap(nullptr, 6 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  OBSERVE(mmap(bytes + kPage, kPage, PROT_READ, MAP_PRIVATE | MAP_FIXED, reader, kPage) ==
          bytes + kPage);
  OBSERVE(munmap(bytes + 4 * kPage, kPage) == 0);
  OBSERVE(mprotect(bytes, 6 * kPage, PROT_READ | PROT_WRITE) == -1 && errno == ENOMEM);
  bytes[kPage] = 'g';  // what lay before the hole was changed
  OBSERVE(mprotect(bytes, 2 * kPage, PROT_READ) == 0);
  OBSERVE(mprotect(bytes + 1, kPage, PROT_READ) == -1 && errno == EINVAL);
  std::printf("%c%c\n", bytes[kPage], bytes[kPage + 1]);
}
