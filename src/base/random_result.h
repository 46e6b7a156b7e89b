#pragma once

#include <cstdint>

namespace ttrace {

/// What RDRAND and RDSEED make of their destination, of `width` bytes, which held `before`: a
/// 32-bit result clears the upper half (Intel SDM volume 1, 3.4.1.1). Freestanding.
constexpr std::uint64_t random_result(std::uint64_t drawn, unsigned width, std::uint64_t before) {
  if (width == 2) return (before & ~std::uint64_t(0xffff)) | (drawn & 0xffff);
  return width == 4 ? std::uint32_t(drawn) : drawn;
}

/// And of the flags where a value was available: CF is set; OF, SF, ZF, AF and PF are cleared
/// (Intel SDM volume 2, RDRAND).
constexpr std::uint64_t flags_of_random(std::uint64_t before) {
  constexpr std::uint64_t kStatusFlags = 0x8d5;
  constexpr std::uint64_t kCarry = 0x001;
  return (before & ~kStatusFlags) | kCarry;
}

}  // namespace ttrace
