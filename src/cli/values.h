#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ttrace {

// Values as a user types them. nullopt: malformed.

/// Decimal, the whole text, no sign.
std::optional<std::uint64_t> parse_number(std::string_view text);

/// "10", "2.5s", "500ms", "2m", "1h"; seconds without a unit; to the millisecond. "0" is none.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// Bytes: "4096", "32M", "1.5G"; K, M, G and T are powers of 1024. "0" is none.
std::optional<std::uint64_t> parse_size(std::string_view text);

/// How many single characters must be put in, taken out, replaced or swapped with their neighbour
/// to make one word of the other.
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace ttrace
