// A program's own int3 reaches its SIGTRAP handler, between two rdrands that do not.
#include <immintrin.h>
#include <signal.h>

#include "observe.h"

static volatile sig_atomic_t trapped = 0;

__attribute__((target("rdrnd"))) int main() {
  signal(SIGTRAP, [](int) { trapped = trapped + 1; });
  unsigned long long before = 0, after = 0;
  OBSERVE(_rdrand64_step(&before));
  OBSERVE(trapped == 0);
  asm volatile("int3");
  OBSERVE(trapped == 1);
  OBSERVE(_rdrand64_step(&after));
  OBSERVE(trapped == 1);
  std::printf("%llx %llx\n", before, after);
}
