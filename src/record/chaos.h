#pragma once

#include <cstdint>

namespace ttrace {

/// How much the scheduler of one attempt does to make threads meet in unusual ways.
enum class Chaos : std::uint8_t {
  off,    ///< a fair run without surprises
  on,     ///< the seed draws how
  mixed,  ///< the seed draws whether, and how
};

}  // namespace ttrace
