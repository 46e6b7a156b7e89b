// Code that the program writes itself: memory becomes executable, runs, is rewritten, runs again.
#include <sys/mman.h>

#include "observe.h"

int main() {
  auto* code = static_cast<unsigned char*>(
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  OBSERVE(code != MAP_FAILED);
  for (int round = 1; round <= 3; ++round) {
    OBSERVE(mprotect(code, 4096, PROT_READ | PROT_WRITE) == 0);
    // mov eax, round; add eax, edi; ret
    const unsigned char text[] = {0xb8, static_cast<unsigned char>(round), 0, 0, 0, 0x01, 0xf8,
                                  0xc3};
    std::memcpy(code, text, sizeof text);
    OBSERVE(mprotect(code, 4096, PROT_READ | PROT_EXEC) == 0);
    int got = reinterpret_cast<int (*)(int)>(code)(40);
    OBSERVE(got == 40 + round);
    std::printf("%d\n", got);
  }
  auto* both = static_cast<unsigned char*>(
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  OBSERVE(both != MAP_FAILED);
  both[0] = 0xc3;
  reinterpret_cast<void (*)()>(both)();
  std::puts("writable and executable code ran");
}
