// rdrand and rdseed of 16, 32 and 64 bits into several registers: what each leaves of its register.
#include "observe.h"

#define DRAW(insn, reg, name, keeps)                                                       \
  do {                                                                                     \
    unsigned long value = 0xa5a5a5a5a5a5a5a5;                                              \
    unsigned char ok = 0;                                                                  \
    int turns = 0;                                                                         \
    do {                                                                                   \
      asm volatile("movabs $0xa5a5a5a5a5a5a5a5, %%" reg "\n\t" insn " %%" name             \
                   "\n\tsetc %1\n\tmov %%" reg ", %0"                                      \
                   : "=m"(value), "=m"(ok)                                                 \
                   :                                                                       \
                   : reg, "cc");                                                           \
    } while (!ok && ++turns < 1000);                                                       \
    OBSERVE(ok);                                                                           \
    OBSERVE((value & (keeps)) == (0xa5a5a5a5a5a5a5a5 & (keeps)) || (keeps) == kUpperZero); \
    OBSERVE((keeps) != kUpperZero || value >> 32 == 0);                                    \
    std::printf("%s %s %016lx\n", insn, name, value);                                      \
  } while (false)

constexpr unsigned long kUpperZero = 1;  // a 32-bit result clears the upper half
constexpr unsigned long kUpper48 = 0xffffffffffff0000;

int main() {
  DRAW("rdrand", "rax", "ax", kUpper48);
  DRAW("rdrand", "rcx", "ecx", kUpperZero);
  DRAW("rdrand", "rdx", "rdx", 0ul);
  DRAW("rdrand", "rsi", "si", kUpper48);
  DRAW("rdrand", "rdi", "edi", kUpperZero);
  DRAW("rdrand", "r8", "r8", 0ul);
  DRAW("rdrand", "r9", "r9w", kUpper48);
  DRAW("rdrand", "r12", "r12d", kUpperZero);
  DRAW("rdrand", "r13", "r13", 0ul);
  DRAW("rdrand", "r15", "r15d", kUpperZero);
  DRAW("rdseed", "rbx", "bx", kUpper48);
  DRAW("rdseed", "rax", "eax", kUpperZero);
  DRAW("rdseed", "rcx", "rcx", 0ul);
  DRAW("rdseed", "r10", "r10w", kUpper48);
  DRAW("rdseed", "r11", "r11d", kUpperZero);
  DRAW("rdseed", "r14", "r14", 0ul);
}
