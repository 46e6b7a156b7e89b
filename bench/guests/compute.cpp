#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string>
#include <unordered_map>
#include <vector>

#include "workload.h"

namespace {

std::uint64_t next_random(std::uint64_t& state) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

unsigned long sort_numbers() {
  std::uint64_t state = 88172645463325252ull;
  std::vector<std::uint64_t> numbers(100'000);
  for (auto& number : numbers) number = next_random(state);
  std::sort(numbers.begin(), numbers.end());
  return numbers[numbers.size() / 2];
}

unsigned long sieve() {
  constexpr std::size_t kLimit = 1'000'000;
  std::vector<bool> composite(kLimit);
  unsigned long primes = 0;
  for (std::size_t i = 2; i < kLimit; ++i) {
    if (composite[i]) continue;
    ++primes;
    for (std::size_t j = i * i; j < kLimit; j += i) composite[j] = true;
  }
  return primes;
}

unsigned long multiply_matrices() {
  constexpr std::size_t kSize = 128;
  std::vector<double> a(kSize * kSize, 1.25), b(kSize * kSize, 0.75), c(kSize * kSize);
  for (std::size_t i = 0; i < kSize; ++i) {
    for (std::size_t k = 0; k < kSize; ++k) {
      for (std::size_t j = 0; j < kSize; ++j) {
        c[i * kSize + j] += a[i * kSize + k] * b[k * kSize + j];
      }
    }
  }
  return static_cast<unsigned long>(std::accumulate(c.begin(), c.end(), 0.0));
}

unsigned long count_words() {
  std::uint64_t state = 1181783497276652981ull;
  std::unordered_map<std::string, unsigned long> counts;
  for (int i = 0; i < 50'000; ++i) ++counts["word" + std::to_string(next_random(state) % 5000)];
  return counts.size();
}

}  // namespace

unsigned long compute(long rounds) {
  unsigned long sum = 0;
  for (long i = 0; i < rounds; ++i) {
    sum += sort_numbers() + sieve() + multiply_matrices() + count_words();
  }
  return sum;
}
