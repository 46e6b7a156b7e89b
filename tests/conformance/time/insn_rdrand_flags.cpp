// rdrand sets the carry flag and clears OF, SF, ZF, AF and PF; the stack and its red zone stay.
#include <immintrin.h>

#include "observe.h"

__attribute__((target("rdrnd,rdseed"))) int main() {
  unsigned long flags = 0, value = 0;
  asm volatile(
      "sub $256, %%rsp\n\tmovq $0x77, -8(%%rsp)\n\t"
      "xor %%eax, %%eax\n\trdrand %%rcx\n\tmov -8(%%rsp), %1\n\tpushfq\n\tpop %0\n\tadd $256, %%rsp"
      : "=r"(flags), "=&r"(value)
      :
      : "rax", "rcx", "memory", "cc");
  OBSERVE(value == 0x77);
  OBSERVE((flags & 0x8d4) == 0);
  std::printf("carry %lu\n", flags & 1);
  for (int i = 0; i < 20; ++i) {
    unsigned short s = 0;
    unsigned u = 0;
    unsigned long long l = 0;
    int drawn = _rdrand16_step(&s) + _rdrand32_step(&u) + _rdrand64_step(&l);
    std::printf("%d: %x %x %llx\n", drawn, s, u, l);
  }
}
