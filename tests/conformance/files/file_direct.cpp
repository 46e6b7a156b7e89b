// Reads past the page cache (O_DIRECT) by several threads: the buffers have to lie as the device
// wants it.
#include <fcntl.h>
#include <unistd.h>

#include <thread>
#include <vector>

#include "temporary.h"

int main() {
  constexpr size_t kBlock = 4096, kBlocks = 16;
  Temporary file;
  for (size_t i = 0; i < kBlocks; ++i) {
    file.write(std::string(kBlock, char('a' + i)), off_t(i * kBlock));
  }
  OBSERVE(fsync(file.fd()) == 0);
  const int direct = open(file.path(), O_RDONLY | O_DIRECT);
  if (direct < 0) {
    std::printf("not here: %s\n", strerrorname_np(errno));
    return 0;
  }
  std::vector<std::thread> threads;
  std::string seen(kBlocks, ' ');
  for (size_t t = 0; t < 4; ++t) {
    threads.emplace_back([t, direct, &seen] {
      auto* block = static_cast<char*>(aligned_alloc(kBlock, kBlock));
      for (size_t i = t; i < kBlocks; i += 4) {
        OBSERVE(pread(direct, block, kBlock, off_t(i * kBlock)) == ssize_t(kBlock));
        seen[i] = block[kBlock - 1];
      }
      free(block);
    });
  }
  for (auto& thread : threads) thread.join();
  std::printf("%s\n", seen.c_str());
}
