// mlock, mlock2, mlockall, MAP_LOCKED and MAP_POPULATE; mincore and msync of what they touched.
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "temporary.h"

int main() {
  constexpr size_t kPage = 4096, kSize = 16 * kPage;
  const auto map = [](int flags) {
    return static_cast<char*>(
        mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0));
  };
  char* bytes = map(0);
  const auto resident = [](char* at) {
    unsigned char pages[16] = {};
    OBSERVE(mincore(at, kSize, pages) == 0);
    int count = 0;
    for (const unsigned char page : pages) count += page & 1;
    return count;
  };
  std::printf("resident %d\n", resident(bytes));
  OBSERVE(mlock(bytes, 4 * kPage) == 0);
  std::printf("locked: %d\n", resident(bytes));
  OBSERVE(mlock2(bytes + 4 * kPage, 4 * kPage, 1 /* MLOCK_ONFAULT */) == 0);
  bytes[5 * kPage] = 1;
  std::printf("on fault: %d\n", resident(bytes));
  std::printf("dontneed: %d\n", madvise(bytes, kPage, MADV_DONTNEED) == 0 ? 0 : errno);
  OBSERVE(munlock(bytes, kSize) == 0 && madvise(bytes, kSize, MADV_DONTNEED) == 0);
  std::printf("given up: %d\n", resident(bytes));
  std::printf("populated: %d\n", resident(map(MAP_POPULATE)));
  std::printf("mlockall: %d\n", mlockall(MCL_FUTURE) == 0 ? 0 : errno);
  std::printf("mapped locked: %d\n", resident(map(0)));
  OBSERVE(munlockall() == 0);
  Temporary file;
  file.write(std::string(kSize, 'f'));
  char* shown =
      static_cast<char*>(mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, file.fd(), 0));
  shown[0] = 'g';
  OBSERVE(msync(shown, kSize, MS_SYNC) == 0 && msync(shown, kSize, MS_ASYNC | MS_INVALIDATE) == 0);
  OBSERVE(msync(shown, kSize, MS_SYNC | MS_ASYNC) == -1 && errno == EINVAL);
  unsigned char page = 0;
  OBSERVE(mincore(bytes + 1, kPage, &page) == -1 && errno == EINVAL);
}
