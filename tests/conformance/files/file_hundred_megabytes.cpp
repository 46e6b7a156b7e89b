// A hundred megabytes, read by one call and by one call with vectors.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "temporary.h"

int main() {
  constexpr size_t kSize = 100 << 20;
  const int zeros = open("/dev/zero", O_RDONLY);
  auto* bytes = static_cast<char*>(
      mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  OBSERVE(bytes != MAP_FAILED);
  std::memset(bytes, 1, kSize);
  OBSERVE(read(zeros, bytes, kSize) == ssize_t(kSize));
  long sum = 0;
  for (size_t i = 0; i < kSize; i += 4096) sum += bytes[i];
  std::printf("%ld\n", sum);
  std::memset(bytes, 1, kSize);
  const iovec vectors[] = {{bytes, kSize / 4}, {bytes + kSize / 2, kSize / 4}};
  OBSERVE(readv(zeros, vectors, 2) == ssize_t(kSize / 2));
  for (size_t i = 0; i < kSize; i += 4096) sum += bytes[i];
  std::printf("%ld\n", sum);
}
