// xgetbv with ECX=0 says which vector state the system enabled; x87 and SSE always are.
#include <cpuid.h>

#include "observe.h"

int main() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  __cpuid(1, a, b, c, d);
  if (!(c & bit_OSXSAVE)) {
    std::puts("no xgetbv here");
    return 0;
  }
  unsigned eax = 0, edx = 0;
  asm volatile("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
  OBSERVE((eax & 3) == 3);
  std::printf("xcr0 %x:%x\n", edx, eax);
}
