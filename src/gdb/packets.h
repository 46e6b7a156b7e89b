#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace ttrace::gdb {

/// Payload of the largest packet that is accepted or sent, before escaping.
inline constexpr std::size_t kPacketSize = 0x20000;

/// A payload as it goes over the line: escaped, between $ and #, with its checksum.
std::string frame_packet(std::string_view payload);

/// One thing that came over the line.
struct Incoming {
  enum class Kind { packet, damaged, ack, nak, interrupt };
  Kind kind = Kind::packet;
  std::string payload;  ///< Kind::packet: unescaped
};

/// Takes a stream of bytes apart into packets, acknowledgements and interrupts. Bytes that are none
/// of these are dropped; a packet with a wrong checksum or of more than twice kPacketSize on the
/// line (everything escaped) is reported as damaged. Holds no more than that.
class PacketDecoder {
 public:
  /// `verify`: whether checksums are compared (not in no-ack mode, where the line is trusted).
  void set_verify(bool verify) { verify_ = verify; }
  void feed(std::string_view bytes) { buffer_.append(bytes); }
  std::optional<Incoming> next();
  /// Takes interrupts and acknowledgements that come next; true if there was an interrupt.
  bool take_interrupt();

 private:
  void drop(std::size_t count) { buffer_.erase(0, count); }
  std::optional<Incoming> next_packet();

  std::string buffer_;
  std::size_t scanned_ = 0;  ///< of a packet without an end so far
  bool overlong_ = false;    ///< inside a packet that is too long: drop up to its end
  bool verify_ = true;
};

std::string to_hex(ByteView bytes);
std::string to_hex(std::string_view text);
/// Lower-case digits without leading zeros.
std::string hex_number(std::uint64_t value);
/// Pairs of digits; none if it is anything else.
std::optional<std::string> from_hex(std::string_view digits);

/// Reads the fields of a packet from left to right.
class FieldReader {
 public:
  explicit FieldReader(std::string_view text) : text_(text) {}

  bool at_end() const { return text_.empty(); }
  std::string_view rest() const { return text_; }
  /// Takes `expected` if it comes next.
  bool take(char expected);
  bool take(std::string_view expected);
  /// One to sixteen hex digits.
  std::optional<std::uint64_t> hex();
  /// Up to `end`, which is taken too, or to the end of the text.
  std::string_view until(char end);

 private:
  std::string_view text_;
};

}  // namespace ttrace::gdb
