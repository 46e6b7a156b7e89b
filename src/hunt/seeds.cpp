#include "hunt/seeds.h"

#include <random>

namespace ttrace {
namespace {

// SplitMix64 (Steele, Lea, Flood 2014): one step from state `x`.
std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

std::uint64_t fnv1a64(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

}  // namespace

std::uint64_t attempt_seed(std::uint64_t base, std::string_view case_name, std::uint64_t attempt) {
  return mix(mix(base ^ fnv1a64(case_name)) + attempt);
}

std::uint64_t random_base_seed() { return std::random_device()(); }

}  // namespace ttrace
