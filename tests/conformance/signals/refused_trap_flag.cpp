// A program that steps through itself.
#include <csignal>

#include "observe.h"

int main() {
  OBSERVE(std::signal(SIGTRAP, [](int) {}) != SIG_ERR);
  asm volatile(
      "pushf; orq $0x100, (%%rsp); popf; nop;"
      "pushf; andq $~0x100, (%%rsp); popf"
      :
      :
      : "memory", "cc");
  return 0;
}
