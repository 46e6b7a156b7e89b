// A 32-bit system call of a 64-bit program.
#include "observe.h"

int main() {
  long result = 20;  // getpid
  asm volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
  std::printf("%ld\n", result);
}
