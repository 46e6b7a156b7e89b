// A program that changes its own functions: it makes its text writable, replaces one by a jump to
// another, and puts it back.
#include <sys/mman.h>
#include <unistd.h>

#include "observe.h"

namespace {
__attribute__((noinline, aligned(64))) int before(int n) {
  int sum = 0;
  for (int i = 0; i < n; ++i) {
    sum += i;
    asm volatile("" : "+r"(sum));
  }
  return sum;
}
__attribute__((noinline, aligned(64))) int after(int n) {
  int product = 1;
  for (int i = 1; i <= n; ++i) {
    product *= i;
    asm volatile("" : "+r"(product));
  }
  return product;
}
int (*volatile chosen)(int) = before;
}  // namespace

int main() {
  auto* const from = reinterpret_cast<unsigned char*>(before);
  const auto* const to = reinterpret_cast<unsigned char*>(after);
  auto* const page = reinterpret_cast<void*>(reinterpret_cast<size_t>(from) & ~4095ul);
  std::printf("%d\n", chosen(5));
  OBSERVE(mprotect(page, 2 * 4096, PROT_READ | PROT_WRITE | PROT_EXEC) == 0);
  unsigned char saved[5];
  std::memcpy(saved, from, sizeof saved);
  const int distance = int(to - from) - 5;
  from[0] = 0xe9;  // jmp
  std::memcpy(from + 1, &distance, sizeof distance);
  std::printf("%d\n", chosen(5));
  std::memcpy(from, saved, sizeof saved);
  OBSERVE(mprotect(page, 2 * 4096, PROT_READ | PROT_EXEC) == 0);
  std::printf("%d\n", chosen(6));
}
