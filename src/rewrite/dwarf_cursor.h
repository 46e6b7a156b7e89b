#pragma once

#include <cstdint>
#include <cstring>
#include <optional>

#include "base/bytes.h"

namespace ttrace {

/// Pointer encodings of DWARF as LSB describes them: low four bits the format, the next three what
/// the value is relative to, the highest indirection (which nothing here can follow).
enum : std::uint8_t {
  kAbsolute = 0x00,
  kRelativeToSelf = 0x10,
  kRelativeToHeader = 0x30,
  kRelationMask = 0xf0,
  kFormatMask = 0x0f,
  kOmitted = 0xff,
  kSearchTable = 0x3b,  ///< relative to the header, signed 4 bytes: what every linker writes
};

/// Reads numbers from a table. After the first read beyond the end every read gives 0 and ok() is
/// false.
class Cursor {
 public:
  Cursor(ByteView bytes, std::uint64_t address, std::uint64_t position = 0)
      : bytes_(bytes), address_(address), position_(position) {
    ok_ = position <= bytes.size();
  }

  bool ok() const { return ok_; }
  std::uint64_t position() const { return position_; }
  std::uint64_t left() const { return ok_ ? bytes_.size() - position_ : 0; }

  void skip(std::uint64_t size) {
    if (size > left()) ok_ = false;
    if (ok_) position_ += size;
  }

  template <class T>
  T fixed() {
    T value{};
    if (sizeof(T) > left()) ok_ = false;
    if (!ok_) return value;
    std::memcpy(&value, bytes_.data() + position_, sizeof(T));
    position_ += sizeof(T);
    return value;
  }

  /// A LEB128 number; `is_signed` says whether its last bit is a sign.
  std::uint64_t leb128(bool is_signed) {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = fixed<std::uint8_t>();
      value |= std::uint64_t(byte & 0x7f) << shift;
      if (byte & 0x80) continue;
      if (is_signed && (byte & 0x40) && shift < 57) value |= ~std::uint64_t(0) << (shift + 7);
      return value;
    }
    ok_ = false;
    return 0;
  }

  /// A pointer of the given encoding; `header` is what kRelativeToHeader is relative to.
  std::uint64_t pointer(std::uint8_t encoding, std::optional<std::uint64_t> header = {}) {
    const std::uint64_t self = address_ + position_;
    const std::uint64_t value = number(encoding & kFormatMask);
    switch (encoding & kRelationMask) {
      case kAbsolute:
        return value;
      case kRelativeToSelf:
        return self + value;
      case kRelativeToHeader:
        if (header) return *header + value;
        break;
    }
    ok_ = false;
    return 0;
  }

 private:
  std::uint64_t number(std::uint8_t format) {
    switch (format) {
      case 0x00:
      case 0x04:
      case 0x0c:
        return fixed<std::uint64_t>();
      case 0x01:
        return leb128(false);
      case 0x09:
        return leb128(true);
      case 0x02:
        return fixed<std::uint16_t>();
      case 0x0a:
        return std::uint64_t(std::int64_t(fixed<std::int16_t>()));
      case 0x03:
        return fixed<std::uint32_t>();
      case 0x0b:
        return std::uint64_t(std::int64_t(fixed<std::int32_t>()));
    }
    ok_ = false;
    return 0;
  }

  ByteView bytes_;
  std::uint64_t address_;
  std::uint64_t position_;
  bool ok_;
};

}  // namespace ttrace
