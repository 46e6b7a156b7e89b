#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "agent/abi.h"
#include "base/bytes.h"
#include "base/types.h"
#include "trace/recording.h"

namespace ttrace {

/// Room for what an agent leaves. On a cache line: 16 bytes behind a page, where the C library
/// begins large memory, AMD's CPUs since Zen 3 copy what lies on a page's begin 20 times as slowly
/// by `rep movsb`, the kernel's way (glibc bug 30994): some 100 us for these.
struct alignas(64) RecordsBuffer {
  std::array<std::byte, agent::kRecordsSize> bytes;
};

/// What a thread's agent left between two stops (agent/abi.h), copied out of the process.
struct AgentRecords {
  Tid tid;
  /// One for all: there may be a thousand, and nobody knows better when they were made.
  std::uint64_t time_us = 0;
  std::uint64_t ticks = 0;    ///< that the thread ran since its last event, before them
  std::uint64_t counter = 0;  ///< what the tick counter held then
  std::unique_ptr<RecordsBuffer> buffer;
  std::size_t size = 0;  ///< bytes of it that are used

  ByteView bytes() const { return std::span(buffer->bytes).first(size); }
};

/// Throws NotRecordable: what should be records are none.
[[noreturn]] void refuse_records();

/// What the session has to know of records at once.
struct RecordsOutline {
  std::uint64_t counter = 0;      ///< what the tick counter held at the last of them
  std::uint64_t clock_calls = 0;  ///< of clock_gettime
  bool changes_mask = false;
};
/// Throws NotRecordable if they are none.
RecordsOutline outline_of(const AgentRecords& records);

/// Makes an event of each. Throws NotRecordable if they are none, and as Recording::append().
void append_events(const AgentRecords& records, Recording& recording);

}  // namespace ttrace
