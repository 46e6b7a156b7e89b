// Every basic and extended cpuid leaf, with and without a subleaf.
#include <cpuid.h>
#include <initializer_list>

#include "observe.h"

int main() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  for (unsigned base : {0u, 0x40000000u, 0x80000000u}) {
    __cpuid(base, a, b, c, d);
    unsigned last = a < base ? base : a;
    if (last > base + 0x24) last = base + 0x24;
    for (unsigned leaf = base; leaf <= last; ++leaf) {
      for (unsigned sub = 0; sub < 3; ++sub) {
        __cpuid_count(leaf, sub, a, b, c, d);
        std::printf("%08x.%u %08x %08x %08x %08x\n", leaf, sub, a, b, c, d);
      }
    }
  }
  __cpuid(0, a, b, c, d);
  OBSERVE(a >= 7);
}
