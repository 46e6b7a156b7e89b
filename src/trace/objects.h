#pragma once

#include <cstdint>
#include <string>

namespace ttrace {

/// A file's contents, kept once per content in the store beside the traces (or inside a packed
/// trace): an executable, a library, a file that the program mapped.
struct ObjectInfo {
  std::string hash;        ///< 32 lower-case hex digits: XXH3-128 of the contents; "" until kept
  std::uint64_t size = 0;  ///< bytes
  std::string path;        ///< where the recorded program found it
};

}  // namespace ttrace
