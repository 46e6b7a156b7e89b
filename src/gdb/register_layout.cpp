#include "gdb/register_layout.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "gdb/packets.h"

namespace ttrace::gdb {
namespace {

using Source = RegisterRow::Source;

std::uint64_t components_in_use(ByteView image) {
  if (image.size() < fxsave::kHeaderEnd) return 3;  // an FXSAVE image: all of that is there
  std::uint64_t bits = 0;
  std::memcpy(&bits, image.data() + fxsave::kSize, sizeof bits);
  return bits;
}

/// Whether the image has a value of the register; otherwise that is its initial one.
bool is_in_use(const RegisterRow& row, ByteView image) {
  return row.component == RegisterRow::kAlways ||
         (components_in_use(image) >> row.component & 1) != 0;
}

bool is_known(const RegisterRow& row, ByteView image) {
  return row.source == Source::general ||
         (image.size() >= fxsave::kSize && image.size() >= row.offset + row.stored);
}

std::uint16_t word_at(ByteView image, std::size_t offset) {
  std::uint16_t value = 0;
  std::memcpy(&value, image.data() + offset, sizeof value);
  return value;
}

/// The two-bit tags of the x87 registers, of which FXSAVE keeps only "empty or not".
std::uint16_t full_tags(ByteView image) {
  enum Tag : unsigned { valid = 0, zero = 1, special = 2, empty = 3 };
  const unsigned abridged = std::uint8_t(image[fxsave::kAbridgedTags]);
  const unsigned top = (word_at(image, fxsave::kStatusWord) >> 11) & 7;
  unsigned tags = 0;
  for (unsigned physical = 0; physical < 8; ++physical) {
    Tag tag = empty;
    if (abridged & (1u << physical)) {
      const std::size_t at = fxsave::kStack + fxsave::kSlot * ((physical - top) & 7);
      std::uint64_t mantissa = 0;
      std::memcpy(&mantissa, image.data() + at, sizeof mantissa);
      const unsigned exponent = word_at(image, at + 8) & 0x7fff;
      if (exponent == 0 && mantissa == 0) {
        tag = zero;
      } else if (exponent == 0 || exponent == 0x7fff || !(mantissa >> 63)) {
        tag = special;
      } else {
        tag = valid;
      }
    }
    tags |= tag << (2 * physical);
  }
  return std::uint16_t(tags);
}

/// And back: a bit for each register that is not empty.
std::byte abridged_tags(std::uint16_t tags) {
  unsigned abridged = 0;
  for (unsigned i = 0; i < 8; ++i) {
    if ((tags >> (2 * i) & 3) != 3) abridged |= 1u << i;
  }
  return std::byte(abridged);
}

std::string text_of(const RegisterRow& row, const GeneralRegisters& general, ByteView image) {
  Bytes value(row.size);
  if (!is_known(row, image)) return std::string(row.size * 2, 'x');
  if (row.source == Source::general) {
    std::memcpy(value.data(), bytes_of(general).data() + row.offset, row.stored);
  } else if (!is_in_use(row, image)) {
    std::memcpy(value.data(), &row.initial, std::min(row.size, sizeof row.initial));
  } else if (row.source == Source::tag_word) {
    const std::uint16_t tags = full_tags(image);
    std::memcpy(value.data(), &tags, sizeof tags);
  } else {
    std::memcpy(value.data(), image.data() + row.offset, row.stored);
  }
  return to_hex(value);
}

}  // namespace

RegisterLayout::RegisterLayout(const XsaveLayout& machine) : rows_(register_rows(machine)) {}

std::string RegisterLayout::description() const {
  std::string xml = R"(<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target>)"
                    R"(<architecture>i386:x86-64</architecture><osabi>GNU/Linux</osabi>)";
  const char* feature = nullptr;
  unsigned number = 0;
  for (const RegisterRow& row : rows_) {
    if (row.feature != feature) {
      if (feature) xml += "</feature>";
      feature = row.feature;
      xml += std::string("<feature name=\"") + feature + "\">" + types_of_feature(feature);
    }
    xml += "<reg name=\"" + row.name + "\" bitsize=\"" + std::to_string(row.size * 8) +
           "\" type=\"" + row.type + "\" regnum=\"" + std::to_string(number++) + "\"";
    if (*row.group) xml += std::string(" group=\"") + row.group + "\"";
    xml += "/>";
  }
  return xml + "</feature></target>";
}

std::string RegisterLayout::value(unsigned number, const RegisterValues& from) const {
  return text_of(rows_.at(number), from.general, from.vector_state);
}

std::string RegisterLayout::values(const RegisterValues& from) const {
  std::string text;
  for (const RegisterRow& row : rows_) text += text_of(row, from.general, from.vector_state);
  return text;
}

std::string RegisterLayout::expedited(const GeneralRegisters& general) const {
  std::string text;
  unsigned number = 0;
  for (const RegisterRow& row : rows_) {
    if (row.expedited) text += hex_number(number) + ":" + text_of(row, general, {}) + ";";
    ++number;
  }
  return text;
}

bool RegisterLayout::set(unsigned number, std::string_view digits, RegisterValues& into) const {
  const RegisterRow& row = rows_.at(number);
  if (digits.size() != row.size * 2) return false;
  if (digits.find_first_not_of('x') == std::string_view::npos) return true;
  const auto bytes = from_hex(digits);
  if (!bytes || !is_known(row, into.vector_state)) return false;
  if (row.source == Source::general) {
    std::memcpy(reinterpret_cast<char*>(&into.general) + row.offset, bytes->data(), row.stored);
    return true;
  }
  // gdb writes all registers back to restore one: what did not change stays in its initial state.
  if (text_of(row, into.general, into.vector_state) == digits) return true;
  Bytes& image = into.vector_state;
  if (!is_in_use(row, image)) put_in_use(row.component, image);
  if (row.source == Source::tag_word) {
    std::uint16_t tags = 0;
    std::memcpy(&tags, bytes->data(), sizeof tags);
    image[row.offset] = abridged_tags(tags);
  } else {
    std::memcpy(image.data() + row.offset, bytes->data(), row.stored);
  }
  return true;
}

bool RegisterLayout::set_all(std::string_view digits, RegisterValues& into) const {
  std::size_t wanted = 0;
  for (const RegisterRow& row : rows_) wanted += row.size * 2;
  if (digits.size() != wanted) return false;
  for (unsigned i = 0; i < count(); ++i) {
    if (!set(i, digits.substr(0, size(i) * 2), into)) return false;
    digits.remove_prefix(size(i) * 2);
  }
  return true;
}

/// The component's registers get their initial values, and from now on the image's count.
void RegisterLayout::put_in_use(unsigned component, Bytes& image) const {
  for (const RegisterRow& row : rows_) {
    if (row.component != component) continue;
    const std::uint32_t initial = row.source == Source::tag_word ? 0 : row.initial;
    std::fill_n(image.data() + row.offset, row.stored, std::byte());
    std::memcpy(image.data() + row.offset, &initial, std::min(row.stored, sizeof initial));
  }
  const std::uint64_t bits = components_in_use(image) | std::uint64_t(1) << component;
  if (image.size() >= fxsave::kHeaderEnd) {
    std::memcpy(image.data() + fxsave::kSize, &bits, sizeof bits);
  }
}

}  // namespace ttrace::gdb
