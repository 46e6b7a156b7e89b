#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/types.h"
#include "trace/event.h"

namespace ttrace {

/// A system call whose whole effect is a result and some memory, as the agent leaves it behind. It
/// is encoded as the SyscallEvent that says the same, but without making one: a program may
/// make some million of them in a second.
struct PlainCall {
  struct Write {
    Address at;
    ByteView data;
  };
  static constexpr std::size_t kMostWrites = 2;

  Ticks ticks;  ///< as Event::ticks
  SyscallEntry entry;
  std::int64_t result = 0;
  std::uint32_t written_digest = 0;  ///< as SyscallExit has it
  std::array<Write, kMostWrites> writes{};
  std::size_t write_count = 0;

  std::span<const Write> written() const { return std::span(writes).first(write_count); }
};

/// Appends the event that a thread made this call; `time_us` as in Event.
void encode(Tid tid, std::uint64_t time_us, const PlainCall& call, Bytes& out);

}  // namespace ttrace
