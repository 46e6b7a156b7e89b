#pragma once

#include <string>

#include "base/bytes.h"

namespace ttrace {

/// Two lower-case digits a byte.
inline std::string hex_of(ByteView bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    text += digits[std::size_t(byte) >> 4];
    text += digits[std::size_t(byte) & 15];
  }
  return text;
}

}  // namespace ttrace
