#pragma once

#include <cstdint>

namespace ttrace {

/// How much the scheduler of one attempt does to make threads meet in unusual ways.
enum class Chaos : std::uint8_t {
  off,    ///< a fair run without surprises
  on,     ///< the seed draws how
  mixed,  ///< the seed draws whether, and how
};

/// Where a program and its libraries lie in memory.
enum class AddressChoice : std::uint8_t {
  fixed,   ///< where they always do: attempts can be compared
  random,  ///< where the kernel puts them
  mixed,   ///< the seed draws it, where there is chaos
};

}  // namespace ttrace
