// The plugin of mem_dlopen: it executes rdrand, and its initialiser does so too.
#include <immintrin.h>

namespace {
__attribute__((target("rdrnd"))) unsigned long long draw() {
  unsigned long long value = 0;
  while (!_rdrand64_step(&value)) {
  }
  return value;
}
unsigned long long at_load = draw();
}  // namespace

extern "C" unsigned long long plugin_at_load() { return at_load; }
extern "C" unsigned long long plugin_draw() { return draw(); }
