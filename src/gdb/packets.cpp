#include "gdb/packets.h"

#include <algorithm>
#include <utility>

namespace ttrace::gdb {
namespace {

constexpr char kInterrupt = '\x03';
constexpr char kEscape = '}';
constexpr char kEscapeMask = 0x20;
constexpr std::string_view kSpecial = "#$}*";
constexpr std::size_t kLineLimit = 2 * kPacketSize;

constexpr char kDigits[] = "0123456789abcdef";

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::uint8_t checksum(std::string_view line) {
  std::uint8_t sum = 0;
  for (const char c : line) sum = std::uint8_t(sum + std::uint8_t(c));
  return sum;
}

std::string unescape(std::string_view line) {
  std::string payload;
  payload.reserve(line.size());
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == kEscape && i + 1 < line.size()) {
      payload.push_back(char(line[++i] ^ kEscapeMask));
    } else {
      payload.push_back(line[i]);
    }
  }
  return payload;
}

std::optional<Incoming::Kind> single_byte(char c) {
  switch (c) {
    case '+':
      return Incoming::Kind::ack;
    case '-':
      return Incoming::Kind::nak;
    case kInterrupt:
      return Incoming::Kind::interrupt;
    default:
      return {};
  }
}

}  // namespace

std::string frame_packet(std::string_view payload) {
  std::string line = "$";
  line.reserve(payload.size() + 4);
  for (const char c : payload) {
    if (kSpecial.find(c) != std::string_view::npos) {
      line.push_back(kEscape);
      line.push_back(char(c ^ kEscapeMask));
    } else {
      line.push_back(c);
    }
  }
  const std::uint8_t sum = checksum(std::string_view(line).substr(1));
  line.push_back('#');
  line.push_back(kDigits[sum >> 4]);
  line.push_back(kDigits[sum & 15]);
  return line;
}

std::optional<Incoming> PacketDecoder::next() {
  while (!buffer_.empty()) {
    if (overlong_ || buffer_[0] == '$') return next_packet();
    if (const auto kind = single_byte(buffer_[0])) {
      drop(1);
      return Incoming{*kind, {}};
    }
    drop(std::min(buffer_.find_first_of("$+-\x03"), buffer_.size()));
  }
  return {};
}

std::optional<Incoming> PacketDecoder::next_packet() {
  const std::size_t begin = overlong_ ? 0 : 1;
  // A '$' never lies inside a packet: it is the begin of another one, after a lost end.
  const std::size_t end = buffer_.find_first_of("#$", std::max(begin, scanned_));
  if (end == std::string::npos) {
    scanned_ = buffer_.size();
    if (buffer_.size() > kLineLimit) {
      overlong_ = true;
      buffer_.clear();
      scanned_ = 0;
    }
    return {};
  }
  if (buffer_[end] == '#' && buffer_.size() < end + 3) return {};
  scanned_ = 0;
  const bool lost = std::exchange(overlong_, false) || buffer_[end] == '$' || end > kLineLimit;
  if (lost) {
    drop(buffer_[end] == '$' ? end : end + 3);
    return Incoming{Incoming::Kind::damaged, {}};
  }
  const std::string line = buffer_.substr(1, end - 1);
  const int high = digit_value(buffer_[end + 1]);
  const int low = digit_value(buffer_[end + 2]);
  drop(end + 3);
  if (verify_ && (high < 0 || low < 0 || high * 16 + low != checksum(line))) {
    return Incoming{Incoming::Kind::damaged, {}};
  }
  return Incoming{Incoming::Kind::packet, unescape(line)};
}

bool PacketDecoder::take_interrupt() {
  bool found = false;
  while (!overlong_ && !buffer_.empty() && single_byte(buffer_[0])) {
    found |= buffer_[0] == kInterrupt;
    drop(1);
  }
  return found;
}

std::string to_hex(ByteView bytes) {
  std::string digits;
  digits.reserve(bytes.size() * 2);
  for (const std::byte b : bytes) {
    digits.push_back(kDigits[std::uint8_t(b) >> 4]);
    digits.push_back(kDigits[std::uint8_t(b) & 15]);
  }
  return digits;
}

std::string to_hex(std::string_view text) { return to_hex(bytes_of(text)); }

std::string hex_number(std::uint64_t value) {
  std::string digits;
  do {
    digits.push_back(kDigits[value & 15]);
    value >>= 4;
  } while (value != 0);
  std::reverse(digits.begin(), digits.end());
  return digits;
}

std::optional<std::string> from_hex(std::string_view digits) {
  if (digits.size() % 2 != 0) return {};
  std::string text;
  text.reserve(digits.size() / 2);
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    const int high = digit_value(digits[i]);
    const int low = digit_value(digits[i + 1]);
    if (high < 0 || low < 0) return {};
    text.push_back(char(high * 16 + low));
  }
  return text;
}

bool FieldReader::take(char expected) {
  if (text_.empty() || text_[0] != expected) return false;
  text_.remove_prefix(1);
  return true;
}

bool FieldReader::take(std::string_view expected) {
  if (!text_.starts_with(expected)) return false;
  text_.remove_prefix(expected.size());
  return true;
}

std::optional<std::uint64_t> FieldReader::hex() {
  std::uint64_t value = 0;
  std::size_t count = 0;
  for (; count < text_.size() && digit_value(text_[count]) >= 0; ++count) {
    if (count == 16) return {};
    value = value << 4 | std::uint64_t(digit_value(text_[count]));
  }
  if (count == 0) return {};
  text_.remove_prefix(count);
  return value;
}

std::string_view FieldReader::until(char end) {
  const std::size_t at = text_.find(end);
  const std::string_view field = text_.substr(0, at);
  text_.remove_prefix(at == std::string_view::npos ? text_.size() : at + 1);
  return field;
}

}  // namespace ttrace::gdb
