#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "trace/objects.h"

namespace ttrace {

// The two tables of a trace file, as payloads of their frames.

Bytes encode_objects(const std::vector<ObjectInfo>& objects);
/// Throws TraceError("damaged: ..."). Hashes come out as 32 lower-case hex digits.
std::vector<ObjectInfo> decode_objects(ByteView bytes);

/// Where a frame of events lies.
struct FramePlace {
  std::uint64_t at = 0;    ///< byte offset of its header in the file
  std::uint64_t size = 0;  ///< bytes in the file: header, payload, checksum
  std::uint64_t first_event = 0;
  std::uint64_t event_count = 0;
};
Bytes encode_index(const std::vector<FramePlace>& frames);
/// The frames must fill the file from `begin` to `end` without a gap and hold `event_count` events.
std::vector<FramePlace> decode_index(ByteView bytes, std::uint64_t begin, std::uint64_t end,
                                     std::uint64_t event_count);

}  // namespace ttrace
