#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/types.h"
#include "trace/event.h"

namespace ttrace {

/// A system call whose whole effect is a result and some memory, as the agent leaves it behind:
/// what most SyscallEvents say. It is encoded and decoded without making one: a program may make
/// some million of them in a second.
struct PlainCall {
  struct Write {
    Address at;
    ByteView data;
  };
  static constexpr std::size_t kMostWrites = 2;

  Tid tid;
  Ticks ticks;  ///< as Event::ticks
  std::uint64_t time_us = 0;
  SyscallEntry entry;
  std::int64_t result = 0;
  std::uint32_t written_digest = 0;  ///< as SyscallExit has it
  std::array<Write, kMostWrites> writes{};
  std::size_t write_count = 0;

  std::span<const Write> written() const { return std::span(writes).first(write_count); }
};

/// The call that the event is about, if it says no more than that. Refers to the event's memory.
std::optional<PlainCall> plain_call_of(const Event& event);
/// The event that says the same.
Event event_of(const PlainCall& call);

/// The last plain calls of a frame that are encoded in full. Later ones of the same thread at the
/// same place say only what is different: in a loop that takes a third of the bytes.
class RecentCalls {
 public:
  static constexpr std::size_t kMost = 8;

  void clear() { count_ = 0; }
  /// What the call wrote is not kept.
  void add(const PlainCall& call);
  /// 1: the one added last. Null: there are not so many.
  const PlainCall* back(std::size_t distance) const;
  /// The distance of the last one that the call can refer to; 0: none.
  std::size_t distance_for(const PlainCall& call) const;

 private:
  std::array<PlainCall, kMost> calls_;  ///< the one added last lies before next_
  std::size_t next_ = 0;
  std::size_t count_ = 0;
};

/// Appends the call, by what is different if `recent` allows it. True: in full, so that it belongs
/// to the recent ones as soon as it lies in the frame.
bool encode(const PlainCall& call, const RecentCalls& recent, Bytes& out);

/// How far back the first of these encoded events refers; 0: not at all.
std::size_t distance_at(ByteView events);

struct DecodedCall {
  PlainCall call;        ///< refers to the encoded bytes
  std::size_t size = 0;  ///< of the encoded event
};
/// The call that the first of these encoded events tells of; `base` is what it refers to, if it
/// does. Nothing for all that encode() did not write: decode_event() understands it, or says what
/// is wrong.
std::optional<DecodedCall> plain_call_at(ByteView events, const PlainCall* base);

}  // namespace ttrace
