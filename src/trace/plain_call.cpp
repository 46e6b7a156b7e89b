#include "trace/plain_call.h"

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <variant>

#include "base/varint.h"

namespace ttrace {
namespace {

constexpr std::uint8_t kKind = [] {
  static_assert(std::is_same_v<std::variant_alternative_t<1, EventBody>, SyscallEvent>);
  return std::uint8_t{1};
}();
/// In place of an event's kind: a call that refers to an earlier one.
constexpr std::uint8_t kAgain = 0x7f;
static_assert(kAgain >= std::variant_size_v<EventBody>);

// What is different, one bit each: the six arguments, and these.
constexpr std::uint8_t kOtherDigest = 1 << 6;
constexpr std::uint8_t kOtherPlaces = 1 << 7;  ///< of what it writes

/// More than that goes to the buffer without being gathered.
constexpr std::size_t kMostCopied = 256;
/// All numbers of an event, of which there are 15 besides those of the writes, and its zeros.
constexpr std::size_t kMostGathered =
    24 * kLongestVarint + PlainCall::kMostWrites * (2 * kLongestVarint + kMostCopied);
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

/// Reads what a Line wrote. After anything else it is not good any more, and gives zeros.
class Reader {
 public:
  explicit Reader(ByteView bytes)
      : begin_(bytes.data()), at_(begin_), end_(begin_ + bytes.size()) {}

  bool is_good() const { return is_good_; }
  std::size_t size() const { return std::size_t(at_ - begin_); }

  [[gnu::always_inline]] std::uint64_t number() {
    std::uint64_t value;
    const std::byte* const after = read_varint(at_, end_, value);
    if (after == nullptr) return fail();
    at_ = after;
    return value;
  }
  std::uint32_t number32() {
    const std::uint64_t value = number();
    return std::uint32_t(value == std::uint32_t(value) ? value : fail());
  }
  std::int64_t signed_number() {
    const std::uint64_t value = number();
    return std::int64_t(value >> 1) ^ -std::int64_t(value & 1);
  }
  std::int32_t signed_number32() {
    const std::int64_t value = signed_number();
    return std::int32_t(value == std::int32_t(value) ? value : std::int64_t(fail()));
  }
  std::uint64_t count(std::uint64_t most) {
    const std::uint64_t value = number();
    return value <= most ? value : fail();
  }
  void zeros(std::size_t count) {
    for (; count > 0; --count)
      if (number() != 0) fail();
  }
  ByteView blob() {
    const std::uint64_t size = number();
    if (size > std::size_t(end_ - at_)) fail();
    if (!is_good_) return {};
    const ByteView view(at_, size);
    at_ += size;
    return view;
  }

 private:
  std::uint64_t fail() {
    is_good_ = false;
    end_ = at_;
    return 0;
  }

  const std::byte* begin_;
  const std::byte* at_;
  const std::byte* end_;
  bool is_good_ = true;
};

}  // namespace

std::optional<PlainCall> plain_call_of(const Event& event) {
  const auto* body = std::get_if<SyscallEvent>(&event.body);
  if (body == nullptr) return std::nullopt;
  const SyscallExit& exit = body->exit;
  if (exit.writes.size() > PlainCall::kMostWrites || exit.backing || !exit.patches.empty() ||
      !exit.overlays.empty() || !exit.plans.empty() || exit.registers ||
      !exit.vector_state.empty() || exit.output_stream != 0 || exit.shared) {
    return std::nullopt;
  }
  PlainCall call{event.tid,           event.ticks, event.time_us,     body->entry, exit.result,
                 exit.written_digest, {},          exit.writes.size()};
  for (std::size_t i = 0; i < call.write_count; ++i) {
    call.writes[i] = {exit.writes[i].at, exit.writes[i].data};
  }
  return call;
}

Event event_of(const PlainCall& call) {
  SyscallEvent body;
  body.entry = call.entry;
  body.exit.result = call.result;
  body.exit.written_digest = call.written_digest;
  for (const PlainCall::Write& write : call.written()) {
    body.exit.writes.push_back({write.at, Bytes(write.data.begin(), write.data.end())});
  }
  return {call.tid, call.ticks, call.time_us, std::move(body)};
}

void RecentCalls::add(const PlainCall& call) {
  PlainCall& kept = calls_[next_] = call;
  for (PlainCall::Write& write : kept.writes) write.data = {};
  next_ = (next_ + 1) % kMost;
  count_ = std::min(count_ + 1, kMost);
}

const PlainCall* RecentCalls::back(std::size_t distance) const {
  if (distance == 0 || distance > count_) return nullptr;
  return &calls_[(next_ + kMost - distance) % kMost];
}

std::size_t RecentCalls::distance_for(const PlainCall& call) const {
  for (std::size_t distance = 1; distance <= count_; ++distance) {
    const PlainCall& known = *back(distance);
    if (known.entry.rip == call.entry.rip && known.tid == call.tid &&
        known.entry.number == call.entry.number && known.write_count == call.write_count) {
      return distance;
    }
  }
  return 0;
}

namespace {

// The members are those of event.cpp, in its order; a test compares the two.
void encode_in_full(const PlainCall& call, Line& line) {
  line.number(kKind);
  line.signed_number(call.tid.value());
  line.number(call.ticks.value());
  line.number(call.time_us);

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
}

std::uint8_t difference(const PlainCall& call, const PlainCall& base) {
  std::uint8_t result = 0;
  for (unsigned i = 0; i < call.entry.args.size(); ++i) {
    if (call.entry.args[i] != base.entry.args[i]) result |= std::uint8_t(1u << i);
  }
  if (call.entry.digest != base.entry.digest) result |= kOtherDigest;
  for (std::size_t i = 0; i < call.write_count; ++i) {
    if (call.writes[i].at != base.writes[i].at) result |= kOtherPlaces;
  }
  return result;
}

void encode_again(const PlainCall& call, std::size_t distance, const PlainCall& base, Line& line) {
  const std::uint8_t differs = difference(call, base);
  line.number(kAgain);
  line.number(distance);
  line.number(differs);
  line.number(call.ticks.value());
  line.signed_number(std::int64_t(call.time_us - base.time_us));
  for (unsigned i = 0; i < call.entry.args.size(); ++i) {
    if (differs >> i & 1) line.number(call.entry.args[i]);
  }
  if (differs & kOtherDigest) line.number(call.entry.digest);
  line.signed_number(call.result);
  for (const PlainCall::Write& write : call.written()) {
    if (differs & kOtherPlaces) line.number(write.at.value());
    line.blob(write.data);
  }
  line.number(call.written_digest);
}

/// What lies behind the kind of a call in full.
void decode_in_full(Reader& in, PlainCall& call) {
  call.tid = Tid(in.signed_number32());
  call.ticks = Ticks(in.number());
  call.time_us = in.number();

  call.entry.number = in.signed_number32();
  for (std::uint64_t& argument : call.entry.args) argument = in.number();
  call.entry.rip = Address(in.number());
  call.entry.digest = in.number32();

  call.result = in.signed_number();
  call.write_count = in.count(PlainCall::kMostWrites);
  for (PlainCall::Write& write : std::span(call.writes).first(call.write_count)) {
    write.at = Address(in.number());
    write.data = in.blob();
  }
  in.zeros(7);
  call.written_digest = in.number32();
  in.zeros(1);
}

/// What lies behind the distance of one that refers to `call`, which becomes it.
void decode_again(Reader& in, PlainCall& call) {
  const std::uint64_t differs = in.count(0xff);
  call.ticks = Ticks(in.number());
  call.time_us += std::uint64_t(in.signed_number());
  for (unsigned i = 0; i < call.entry.args.size(); ++i) {
    if (differs >> i & 1) call.entry.args[i] = in.number();
  }
  if (differs & kOtherDigest) call.entry.digest = in.number32();
  call.result = in.signed_number();
  for (PlainCall::Write& write : std::span(call.writes).first(call.write_count)) {
    if (differs & kOtherPlaces) write.at = Address(in.number());
    write.data = in.blob();
  }
  call.written_digest = in.number32();
}

}  // namespace

bool encode(const PlainCall& call, const RecentCalls& recent, Bytes& out) {
  Room room;
  Line line(room, out);
  const std::size_t distance = recent.distance_for(call);
  if (distance == 0) {
    encode_in_full(call, line);
  } else {
    encode_again(call, distance, *recent.back(distance), line);
  }
  line.flush();
  return distance == 0;
}

std::size_t distance_at(ByteView events) {
  const bool refers = events.size() >= 2 && std::uint8_t(events[0]) == kAgain;
  return refers ? std::size_t(events[1]) : 0;
}

std::optional<DecodedCall> plain_call_at(ByteView events, const PlainCall* base) {
  if (events.empty()) return std::nullopt;
  Reader in(events);
  const std::uint64_t kind = in.number();
  DecodedCall decoded;
  if (kind == kAgain && base != nullptr) {
    decoded.call = *base;
    in.number();  // the distance
    decode_again(in, decoded.call);
  } else if (kind == kKind) {
    decode_in_full(in, decoded.call);
  } else {
    return std::nullopt;
  }
  const auto fits = [](const PlainCall::Write& write) {
    return write.data.size() <= ~write.at.value();
  };
  if (!in.is_good() || !std::ranges::all_of(decoded.call.written(), fits)) return std::nullopt;
  decoded.size = in.size();
  return decoded;
}

}  // namespace ttrace
