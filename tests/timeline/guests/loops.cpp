// Long computation: `main` runs ITERATIONS turns, and calls early() near its begin.
#include <cstdlib>

volatile unsigned long value = 1;
volatile int once = 0;

__attribute__((noinline)) void early() { once = once + 1; }  // LINE early

__attribute__((noinline)) void often(int i) { value = value + unsigned(i); }  // LINE often

__attribute__((noinline)) unsigned long compute(unsigned long n) {
  unsigned long x = 88172645463325252ull;
  for (unsigned long i = 0; i < n; ++i) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
  }
  return x;
}

int main(int argc, char** argv) {
  const unsigned long turns = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 20000000;
  const int calls = argc > 2 ? std::atoi(argv[2]) : 10000;
  value = value + compute(turns / 20);
  early();
  for (int i = 0; i < calls; ++i) {
    value = value + compute(turns / unsigned(calls));
    often(i);
  }
  return value == 0;  // LINE end
}
