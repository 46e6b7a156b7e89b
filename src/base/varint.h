#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ttrace {

/// No number takes more bytes.
inline constexpr std::size_t kLongestVarint = 10;

/// Byte by byte; see read_varint().
inline const std::byte* read_varint_bytewise(const std::byte* at, const std::byte* end,
                                             std::uint64_t& value) {
  value = 0;
  const std::byte* const last = at + std::min<std::size_t>(std::size_t(end - at), kLongestVarint);
  for (unsigned shift = 0; at != last; shift += 7) {
    const auto byte = std::uint64_t(*at++);
    value |= (byte & 0x7f) << shift;
    if (byte & 0x80) continue;
    const bool is_shortest = byte != 0 || shift == 0;
    const bool fits = shift != 63 || byte == 1;
    return is_shortest && fits ? at : nullptr;
  }
  return nullptr;
}

/// Reads a LEB128 number of 64 bits, and returns what lies behind it; null if there is none in its
/// shortest encoding. Inlined: a reader's place then stays in a register.
[[gnu::always_inline]] inline const std::byte* read_varint(const std::byte* at,
                                                           const std::byte* end,
                                                           std::uint64_t& value) {
  if (at != end && std::uint8_t(*at) < 0x80) {
    value = std::uint64_t(*at);
    return at + 1;
  }
  std::uint64_t word;
  if (std::size_t(end - at) < sizeof word) return read_varint_bytewise(at, end, value);
  std::memcpy(&word, at, sizeof word);
  const std::uint64_t stops = ~word & 0x8080808080808080;
  if (stops == 0) return read_varint_bytewise(at, end, value);
  // As far as the first byte that says that it is the last, without what the bytes say of that:
  // groups of seven bits, which are moved together.
  word &= stops ^ (stops - 1);
  word &= 0x7f7f7f7f7f7f7f7f;
  word = (word & 0x7f007f007f007f00) >> 1 | (word & 0x007f007f007f007f);
  word = (word & 0x3fff00003fff0000) >> 2 | (word & 0x00003fff00003fff);
  value = (word & 0x0fffffff00000000) >> 4 | (word & 0x000000000fffffff);
  at += std::countr_zero(stops) / 8 + 1;
  return at[-1] == std::byte() ? nullptr : at;
}

}  // namespace ttrace
