// 64 MB of memory touched, page by page, and a part of it given back.
#include <sys/mman.h>

#include <vector>

#include "observe.h"

int main() {
  std::vector<unsigned char> memory(64u << 20, 1);
  unsigned long sum = 0;
  for (std::size_t i = 0; i < memory.size(); i += 4096) {
    memory[i] = static_cast<unsigned char>(i >> 12);
    sum += memory[i] * (i >> 12);
  }
  std::printf("%lu\n", sum);
  OBSERVE(memory[4097] == 1);
  memory.clear();
  memory.shrink_to_fit();
  memory.assign(1 << 20, 2);
  OBSERVE(memory.back() == 2);
}
