#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace ttrace {

// The pieces of a trace file (docs/trace-format.md), without any input or output: the writer
// (keep) and the reader (TraceReader) both build on these.

/// Files of a greater format version are refused by name.
inline constexpr std::uint32_t kFormatVersion = 4;
/// A frame holds at most this many bytes of encoded events, unless one event alone is larger.
inline constexpr std::size_t kFrameSize = std::size_t{64} << 10;
/// No event is larger than this when encoded.
inline constexpr std::size_t kMaxFrameSize = std::size_t{1} << 30;
/// Bound of each of the other frames: objects, metadata, index.
inline constexpr std::size_t kMaxTableSize = std::size_t{64} << 20;
/// Bound of every list within an event.
inline constexpr std::size_t kMaxListLength = std::size_t{1} << 20;

/// The start of every file, of this and of every later format version.
struct HeaderPrefix {
  std::array<char, 8> magic;
  std::uint32_t format;
  std::uint32_t payload_size;  ///< of what follows: writer, features; then the checksum (8 bytes)
};
static_assert(sizeof(HeaderPrefix) == 16);
inline constexpr std::array<char, 8> kMagic = {'\x89', 't', 't', 'r', 'a', 'c', 'e', '\n'};
inline constexpr std::size_t kMaxHeaderPayload = std::size_t{64} << 10;

struct HeaderPayload {
  std::string writer;                     ///< "ttrace 0.1.0"
  std::vector<std::string> cpu_features;  ///< needed by a replay; names as in /proc/cpuinfo
};

enum class FrameKind : std::uint8_t { events = 1, objects, metadata, index, packed };

/// Precedes a frame's payload; an XXH3-64 of both follows the payload.
struct FrameHeader {
  std::uint32_t magic;
  FrameKind kind;
  std::uint8_t codec;  ///< 0: stored as it is; 1: an lz4 block
  std::uint16_t zero;
  std::uint64_t first_event;  ///< number of its first event; 0 in other frames
  std::uint32_t event_count;  ///< 0 in other frames
  std::uint32_t raw_size;     ///< of the payload, decompressed
  std::uint32_t stored_size;  ///< of the payload, in the file
  std::uint32_t zero2;
};
static_assert(sizeof(FrameHeader) == 32);
inline constexpr std::size_t kChecksumSize = 8;
inline constexpr std::size_t kLeastFrameSize = sizeof(FrameHeader) + 1 + kChecksumSize;

/// The last bytes of every file.
struct Footer {
  std::array<char, 8> magic;
  std::uint64_t file_size;
  std::uint64_t event_count;
  std::uint64_t objects_at;  ///< where the event frames end and the frame of objects begins
  std::uint64_t metadata_at;
  std::uint64_t index_at;
  std::uint64_t checksum;  ///< XXH3-64 of the fields above
};
static_assert(sizeof(Footer) == 56);
inline constexpr std::array<char, 8> kFooterMagic = {'t', 't', 'r', 'a', 'c', 'e', '.', '\n'};

std::uint64_t checksum_of(ByteView bytes);

/// The header's size where frames are written before it is known what it says.
inline constexpr std::size_t kRoomyHeader = 4096;

/// Filled up with zeros to `least_size` bytes, checksum included.
Bytes make_header(const HeaderPayload& payload, std::size_t least_size = 0);
/// `bytes`: everything between the prefix and the checksum.
HeaderPayload parse_header_payload(ByteView bytes);

Bytes make_frame(FrameKind kind, std::uint64_t first_event, std::uint32_t event_count,
                 ByteView raw);

/// What a frame must be, as told by the index or the footer.
struct FrameExpectation {
  FrameKind kind = FrameKind::events;
  std::uint64_t first_event = 0;
  std::uint64_t event_count = 0;
};
/// Checks a whole frame and returns its payload, decompressed. Throws TraceError("damaged: ...").
/// Allocates at most 255 times the size of `frame`.
Bytes open_frame(ByteView frame, const FrameExpectation& expected);

Bytes make_footer(Footer footer);
/// Throws TraceError if these are not the last bytes of a file of that size, or if the sections it
/// names do not lie in order within the file.
Footer parse_footer(ByteView bytes, std::uint64_t file_size);

}  // namespace ttrace
