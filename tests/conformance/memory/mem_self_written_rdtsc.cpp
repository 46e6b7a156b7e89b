// Code written at run time that reads the time stamp counter.
#include <sys/mman.h>

#include "observe.h"

int main() {
  auto* code = static_cast<unsigned char*>(
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  OBSERVE(code != MAP_FAILED);
  // rdtsc; shl rdx, 32; or rax, rdx; ret
  const unsigned char text[] = {0x0f, 0x31, 0x48, 0xc1, 0xe2, 0x20, 0x48, 0x09, 0xd0, 0xc3};
  std::memcpy(code, text, sizeof text);
  OBSERVE(mprotect(code, 4096, PROT_READ | PROT_EXEC) == 0);
  auto* read_counter = reinterpret_cast<unsigned long (*)()>(code);
  unsigned long first = read_counter(), second = read_counter();
  OBSERVE(second >= first);
  std::printf("%lu %lu\n", first, second);
}
