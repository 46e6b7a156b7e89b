#pragma once

#include <cstdint>

namespace ttrace {

/// The hash behind digest_of(registers), over words in the order given there. Freestanding: the
/// agent computes it too.
class RegisterDigest {
 public:
  constexpr void add(std::uint64_t word) {
    hash_ = (hash_ ^ word) * 0xff51afd7ed558ccd;  // the multiplier of MurmurHash3's finaliser
    hash_ ^= hash_ >> 32;
  }
  constexpr std::uint32_t value() const { return std::uint32_t(hash_); }

 private:
  std::uint64_t hash_ = 0x9e3779b97f4a7c15;
};

}  // namespace ttrace
