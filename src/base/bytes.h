#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/error.h"
#include "base/varint.h"

namespace ttrace {

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;

/// Bytes of a trivially copyable value, as they lie in memory.
template <class T>
ByteView bytes_of(const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  return std::as_bytes(std::span(&value, 1));
}

inline ByteView bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

/// Appends numbers and strings to a buffer. Integers are LEB128 varints; signed ones zigzag.
class ByteWriter {
 public:
  explicit ByteWriter(Bytes& out) : out_(out) {}

  void u8(std::uint8_t value) { out_.push_back(std::byte(value)); }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) u8(std::uint8_t(value | 0x80));
    u8(std::uint8_t(value));
  }
  void signed_varint(std::int64_t value) {
    varint((std::uint64_t(value) << 1) ^ std::uint64_t(value >> 63));
  }
  void raw(ByteView bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
  /// Length, then contents.
  void blob(ByteView bytes) {
    varint(bytes.size());
    raw(bytes);
  }
  void text(std::string_view text) { blob(bytes_of(text)); }

 private:
  Bytes& out_;
};

/// Reads what ByteWriter wrote. Every read is checked against the end: no input makes it read or
/// allocate beyond the bytes that are there. Throws TraceError.
class ByteReader {
 public:
  explicit ByteReader(ByteView in) : in_(in) {}

  bool at_end() const { return position_ == in_.size(); }
  std::size_t position() const { return position_; }
  std::size_t left() const { return in_.size() - position_; }

  std::uint8_t u8() { return std::uint8_t(raw(1)[0]); }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    const std::byte* const from = in_.data() + position_;
    const std::byte* const after = read_varint(from, in_.data() + in_.size(), value);
    if (after == nullptr) throw TraceError("damaged: a number is cut or longer than 64 bits");
    position_ += std::size_t(after - from);
    return value;
  }
  std::int64_t signed_varint() {
    const std::uint64_t value = varint();
    return std::int64_t(value >> 1) ^ -std::int64_t(value & 1);
  }
  /// A count of things that take at least `least_size` bytes each, so that a damaged count cannot
  /// make a caller reserve memory without bound.
  std::size_t count(std::size_t least_size = 1) {
    const std::uint64_t value = varint();
    if (value > left() / least_size) throw TraceError("damaged: a count exceeds what follows");
    return std::size_t(value);
  }
  ByteView raw(std::size_t size) {
    if (size > left()) throw TraceError("damaged: it ends inside a value");
    const ByteView view = in_.subspan(position_, size);
    position_ += size;
    return view;
  }
  ByteView blob() { return raw(count()); }
  std::string text() {
    const ByteView view = blob();
    return {reinterpret_cast<const char*>(view.data()), view.size()};
  }

 private:
  ByteView in_;
  std::size_t position_ = 0;
};

}  // namespace ttrace
