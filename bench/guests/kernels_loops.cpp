#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels.h"

namespace {

unsigned long sieve(long rounds) {
  constexpr std::size_t kLimit = 2'000'000;
  unsigned long primes = 0;
  for (long round = 0; round < rounds; ++round) {
    std::vector<char> prime(kLimit, 1);
    for (std::size_t i = 2; i * i < kLimit; ++i) {
      if (!prime[i]) continue;
      for (std::size_t j = i * i; j < kLimit; j += i) prime[j] = 0;
    }
    primes += std::size_t(std::count(prime.begin(), prime.end(), 1));
  }
  return primes;
}

unsigned long multiply(long rounds) {
  constexpr std::size_t kSize = 256;
  std::vector<double> a(kSize * kSize, 1.25), b(kSize * kSize, 0.75), c(kSize * kSize);
  for (long round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < kSize; ++i) {
      for (std::size_t k = 0; k < kSize; ++k) {
        for (std::size_t j = 0; j < kSize; ++j)
          c[i * kSize + j] += a[i * kSize + k] * b[k * kSize + j];
      }
    }
  }
  return static_cast<unsigned long>(c[5]);
}

/// The worst there is: a turn takes as long as a branch.
unsigned long empty_loop(long rounds) {
  for (long i = 0; i < rounds; ++i) asm volatile("");
  return static_cast<unsigned long>(rounds);
}

unsigned long collatz(long rounds) {
  unsigned long longest = 0;
  for (long start = 1; start < rounds; ++start) {
    unsigned long n = static_cast<unsigned long>(start), steps = 0;
    while (n != 1) {
      n = n & 1 ? 3 * n + 1 : n / 2;
      ++steps;
    }
    longest = std::max(longest, steps);
  }
  return longest;
}

unsigned long checksum(long rounds) {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = value & 1 ? 0xedb88320 ^ (value >> 1) : value >> 1;
    table[i] = value;
  }
  std::vector<std::uint8_t> data(1 << 20);
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = std::uint8_t(i * 7);
  std::uint32_t sum = ~0U;
  for (long round = 0; round < rounds; ++round)
    for (const std::uint8_t byte : data) sum = table[(sum ^ byte) & 255] ^ (sum >> 8);
  return sum;
}

/// Bytes compared one after the other: a loop of a quarter nanosecond that reads memory.
unsigned long find_byte(long rounds) {
  std::vector<char> text(1 << 16, 'a');
  text.back() = 'b';
  unsigned long found = 0;
  for (long round = 0; round < rounds; ++round) {
    const char* at = text.data();
    while (*at != 'b') ++at;
    found += static_cast<unsigned long>(at - text.data());
    asm volatile("" ::: "memory");
  }
  return found;
}

}  // namespace

std::vector<Kernel> loop_kernels() {
  return {
      {"sieve", "sieve of Eratosthenes", 90, sieve},
      {"matmul", "matrices of doubles", 40, multiply},
      {"empty", "a loop without a body", 800'000'000, empty_loop},
      {"collatz", "3n+1 sequences", 900'000, collatz},
      {"crc", "CRC-32 by a table", 150, checksum},
      {"find", "a byte looked for one by one", 12'000, find_byte},
  };
}
