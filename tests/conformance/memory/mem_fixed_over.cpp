// MAP_FIXED over the middle of another mapping, MAP_FIXED_NOREPLACE over a taken address.
#include <sys/mman.h>

#include "observe.h"

int main() {
  auto* memory = static_cast<char*>(
      mmap(nullptr, 5 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  OBSERVE(memory != MAP_FAILED);
  std::memset(memory, 'a', 5 * 4096);
  void* middle = mmap(memory + 4096, 2 * 4096, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  OBSERVE(middle == memory + 4096);
  OBSERVE(memory[4095] == 'a' && memory[4096] == 0 && memory[3 * 4096 - 1] == 0 &&
          memory[3 * 4096] == 'a');
  void* refused =
      mmap(memory, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  OBSERVE(refused == MAP_FAILED && errno == EEXIST);
  OBSERVE(munmap(memory + 2 * 4096, 4096) == 0);
  void* hole = mmap(memory + 2 * 4096, 4096, PROT_READ,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  OBSERVE(hole == memory + 2 * 4096);
  void* low =
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  OBSERVE(low != MAP_FAILED && reinterpret_cast<unsigned long>(low) < 1ul << 32);
  std::printf("%p %p %p\n", static_cast<void*>(memory), hole, low);
}
