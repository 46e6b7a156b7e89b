#include "trace/plain_call.h"

#include <cstring>
#include <type_traits>
#include <variant>

namespace ttrace {
namespace {

constexpr std::size_t kLongestNumber = 10;

constexpr std::uint8_t kKind = [] {
  static_assert(std::is_same_v<std::variant_alternative_t<1, EventBody>, SyscallEvent>);
  return std::uint8_t{1};
}();

/// More than that goes to the buffer without being gathered.
constexpr std::size_t kMostCopied = 256;
/// All numbers of an event, of which there are 15 besides those of the writes, and its zeros.
constexpr std::size_t kMostGathered =
    24 * kLongestNumber + PlainCall::kMostWrites * (2 * kLongestNumber + kMostCopied);
using Room = std::array<std::byte, kMostGathered>;

/// The bytes of one event while it is put together. The room is no member: where this object's
/// address is known to nobody, its place stays in a register, and no byte waits for the one before.
class Line {
 public:
  Line(Room& room, Bytes& out) : room_(room.data()), out_(out), at_(room.data()) {}

  void zeros(std::size_t count) {
    std::memset(at_, 0, count);
    at_ += count;
  }
  void number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) *at_++ = std::byte(value | 0x80);
    *at_++ = std::byte(value);
  }
  void signed_number(std::int64_t value) {
    number((std::uint64_t(value) << 1) ^ std::uint64_t(value >> 63));
  }
  void blob(ByteView bytes) {
    number(bytes.size());
    if (bytes.size() > kMostCopied) {
      flush();
      out_.insert(out_.end(), bytes.begin(), bytes.end());
      return;
    }
    if (!bytes.empty()) std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
  }
  void flush() {
    out_.insert(out_.end(), room_, at_);
    at_ = room_;
  }

 private:
  std::byte* room_;
  Bytes& out_;
  std::byte* at_;
};

}  // namespace

// The members are those of event.cpp, in its order; a test compares the two.
void encode(Tid tid, std::uint64_t time_us, const PlainCall& call, Bytes& out) {
  Room room;
  Line line(room, out);
  line.number(kKind);
  line.signed_number(tid.value());
  line.number(call.ticks.value());
  line.number(time_us);

  line.signed_number(call.entry.number);
  for (const std::uint64_t argument : call.entry.args) line.number(argument);
  line.number(call.entry.rip.value());
  line.number(call.entry.digest);

  line.signed_number(call.result);
  line.number(call.write_count);
  for (const PlainCall::Write& write : call.written()) {
    line.number(write.at.value());
    line.blob(write.data);
  }
  line.zeros(7);  // backing, patches, overlays, plans, registers, vector_state, output_stream
  line.number(call.written_digest);
  line.zeros(1);  // shared
  line.flush();
}

}  // namespace ttrace
