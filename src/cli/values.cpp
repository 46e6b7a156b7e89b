#include "cli/values.h"

#include <algorithm>
#include <charconv>
#include <vector>

namespace ttrace {

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  constexpr struct {
    std::string_view name;
    double milliseconds;
  } kUnits[] = {{"", 1000}, {"s", 1000}, {"ms", 1}, {"m", 60e3}, {"min", 60e3}, {"h", 3600e3}};
  constexpr double kMost = 1e12;  // some thirty years: far from any overflow

  const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  double value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + digits, value, std::chars_format::fixed);
  if (digits == 0 || error != std::errc() || end != text.data() + digits) return std::nullopt;
  const auto unit = std::ranges::find(kUnits, text.substr(digits), [](auto u) { return u.name; });
  if (unit == std::end(kUnits)) return std::nullopt;
  const double milliseconds = value * unit->milliseconds;
  if (!(milliseconds <= kMost)) return std::nullopt;
  // What is not zero must not become "no limit".
  const auto whole = std::int64_t(milliseconds);
  return std::chrono::milliseconds(whole == 0 && value > 0 ? 1 : whole);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  constexpr std::string_view kUnits = "KMGT";
  constexpr double kMost = 1e18;
  const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  double value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + digits, value, std::chars_format::fixed);
  if (digits == 0 || error != std::errc() || end != text.data() + digits) return std::nullopt;
  for (const char unit : text.substr(digits)) {
    const std::size_t power = kUnits.find(unit);
    if (power == std::string_view::npos || text.size() != digits + 1) return std::nullopt;
    for (std::size_t i = 0; i <= power; ++i) value *= 1024;
  }
  if (!(value <= kMost)) return std::nullopt;
  const auto whole = std::uint64_t(value);
  return whole == 0 && value > 0 ? 1 : whole;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  // Rows of the table of distances between prefixes (Damerau's optimal string alignment).
  std::vector<std::size_t> before_last, last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    before_last = last;
    last = row;
  }
  return last[b.size()];
}

}  // namespace ttrace
