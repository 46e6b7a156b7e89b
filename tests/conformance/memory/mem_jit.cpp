// A small compiler at run time: functions written into memory that is executable at once, or made
// so; each with a loop; rewritten while other threads run other ones; thrown away.
#include <sys/mman.h>

#include <thread>
#include <vector>

#include "observe.h"

namespace {
/// int f(int n): returns the sum of n, n-1 ... 1, plus `constant`.
std::vector<unsigned char> code(int constant) {
  std::vector<unsigned char> bytes = {0xb8, 0,    0, 0, 0,  // mov eax, constant
                                      0x01, 0xf8,           // add eax, edi
                                      0xff, 0xcf,           // dec edi
                                      0x75, 0xfa,           // jnz add
                                      0xc3};                // ret
  std::memcpy(&bytes[1], &constant, sizeof constant);
  return bytes;
}

using Function = int (*)(int);
constexpr size_t kSize = 4096;

int make_and_call(int constant, int n, bool twice) {
  const int first = twice ? PROT_READ | PROT_WRITE : PROT_READ | PROT_WRITE | PROT_EXEC;
  auto* memory =
      static_cast<unsigned char*>(mmap(nullptr, kSize, first, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  OBSERVE(memory != MAP_FAILED);
  int sum = 0;
  for (int round = 0; round < 3; ++round) {
    if (twice && round > 0) OBSERVE(mprotect(memory, kSize, PROT_READ | PROT_WRITE) == 0);
    const auto bytes = code(constant + round);
    std::memcpy(memory + 64 * round, bytes.data(), bytes.size());
    if (twice) OBSERVE(mprotect(memory, kSize, PROT_READ | PROT_EXEC) == 0);
    sum += reinterpret_cast<Function>(memory + 64 * round)(n);
  }
  OBSERVE(munmap(memory, kSize) == 0);
  return sum;
}
}  // namespace

int main() {
  std::printf("%d %d\n", make_and_call(7, 10, false), make_and_call(7, 10, true));
  std::vector<std::thread> threads;
  int sums[4] = {};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([i, &sums] {
      for (int k = 0; k < 20; ++k) sums[i] += make_and_call(i, 100 + k, k % 2);
    });
  }
  for (auto& thread : threads) thread.join();
  for (const int sum : sums) std::printf("%d\n", sum);
}
