#include "trace/container.h"

#include <lz4.h>
#include <xxhash.h>

#include <algorithm>
#include <cstring>

namespace ttrace {
namespace {

constexpr std::uint32_t kFrameMagic = 0x4d415246;  // "FRAM"
constexpr std::uint8_t kStored = 0;
constexpr std::uint8_t kLz4 = 1;
// An lz4 sequence grows by at most 255 bytes of output per byte of input.
constexpr std::uint64_t kMostExpansion = 255;

template <class T>
T value_at(ByteView bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.subspan(offset, sizeof value).data(), sizeof value);
  return value;
}

void require(bool condition, const char* what) {
  if (!condition) throw TraceError(std::string("damaged: ") + what);
}

void append_checksum(Bytes& bytes) {
  const std::uint64_t sum = checksum_of(bytes);
  ByteWriter(bytes).raw(bytes_of(sum));
}

std::size_t size_limit(const FrameHeader& header) {
  if (header.kind != FrameKind::events) return kMaxTableSize;
  // Only an event that does not fit an ordinary frame makes a larger one, and is alone in it.
  return header.event_count > 1 ? kFrameSize : kMaxFrameSize;
}

}  // namespace

std::uint64_t checksum_of(ByteView bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

Bytes make_header(const HeaderPayload& payload, std::size_t least_size) {
  Bytes body;
  ByteWriter writer(body);
  writer.text(payload.writer);
  writer.varint(payload.cpu_features.size());
  for (const std::string& feature : payload.cpu_features) writer.text(feature);
  const std::size_t around = sizeof(HeaderPrefix) + kChecksumSize;
  if (body.size() + around < least_size) body.resize(least_size - around);

  Bytes header;
  ByteWriter(header).raw(
      bytes_of(HeaderPrefix{kMagic, kFormatVersion, std::uint32_t(body.size())}));
  ByteWriter(header).raw(body);
  append_checksum(header);
  return header;
}

HeaderPayload parse_header_payload(ByteView bytes) {
  ByteReader in(bytes);
  HeaderPayload payload;
  payload.writer = in.text();
  const std::size_t count = in.count();
  for (std::size_t i = 0; i < count; ++i) payload.cpu_features.push_back(in.text());
  const ByteView room = in.raw(in.left());
  require(std::ranges::all_of(room, [](std::byte b) { return b == std::byte(); }),
          "the header is longer than what it says");
  return payload;
}

Bytes make_frame(FrameKind kind, std::uint64_t first_event, std::uint32_t event_count,
                 ByteView raw) {
  FrameHeader header{kFrameMagic, kind, kLz4, 0, first_event, event_count, 0, 0, 0};
  if (raw.empty() || raw.size() > size_limit(header)) {
    throw Error("a frame of " + std::to_string(raw.size()) + " bytes does not fit the format");
  }
  header.raw_size = std::uint32_t(raw.size());

  const int bound = LZ4_compressBound(int(raw.size()));
  Bytes frame(sizeof header + std::size_t(bound));
  const int packed = LZ4_compress_default(reinterpret_cast<const char*>(raw.data()),
                                          reinterpret_cast<char*>(frame.data() + sizeof header),
                                          int(raw.size()), bound);
  if (packed > 0 && std::size_t(packed) < raw.size()) {
    header.stored_size = std::uint32_t(packed);
  } else {
    header.codec = kStored;
    header.stored_size = header.raw_size;
    std::memcpy(frame.data() + sizeof header, raw.data(), raw.size());
  }
  std::memcpy(frame.data(), &header, sizeof header);
  frame.resize(sizeof header + header.stored_size);
  append_checksum(frame);
  return frame;
}

Bytes open_frame(ByteView frame, const FrameExpectation& expected) {
  require(frame.size() >= kLeastFrameSize, "a frame is too small");
  const ByteView summed = frame.first(frame.size() - kChecksumSize);
  require(checksum_of(summed) == value_at<std::uint64_t>(frame, summed.size()),
          "the checksum does not match");

  const auto header = value_at<FrameHeader>(frame, 0);
  const ByteView payload = summed.subspan(sizeof header);
  require(header.magic == kFrameMagic && header.zero == 0 && header.zero2 == 0,
          "no frame begins here");
  require(header.kind == expected.kind && header.first_event == expected.first_event &&
              header.event_count == expected.event_count,
          "another frame than expected");
  require(header.stored_size == payload.size(), "the size of a frame is wrong");
  require(header.raw_size > 0 && header.raw_size <= size_limit(header),
          "a frame is larger than the format allows");

  if (header.codec == kStored) {
    require(header.raw_size == header.stored_size, "the size of a frame is wrong");
    return {payload.begin(), payload.end()};
  }
  require(header.codec == kLz4, "an unknown compression");
  require(header.raw_size <= header.stored_size * kMostExpansion,
          "a frame claims to be larger than its bytes can hold");
  Bytes raw(header.raw_size);
  const int size = LZ4_decompress_safe(reinterpret_cast<const char*>(payload.data()),
                                       reinterpret_cast<char*>(raw.data()), int(payload.size()),
                                       int(raw.size()));
  require(size >= 0 && std::size_t(size) == raw.size(), "a frame cannot be decompressed");
  return raw;
}

Bytes make_footer(Footer footer) {
  footer.magic = kFooterMagic;
  footer.checksum = checksum_of(bytes_of(footer).first(offsetof(Footer, checksum)));
  const ByteView bytes = bytes_of(footer);
  return {bytes.begin(), bytes.end()};
}

Footer parse_footer(ByteView bytes, std::uint64_t file_size) {
  require(bytes.size() == sizeof(Footer), "it has no end");
  const auto footer = value_at<Footer>(bytes, 0);
  require(footer.magic == kFooterMagic, "it has no end");
  require(footer.checksum == checksum_of(bytes.first(offsetof(Footer, checksum))),
          "the checksum of its end does not match");
  require(footer.file_size == file_size, "its size is not what its end says");
  const std::uint64_t end = file_size - sizeof(Footer);
  require(footer.objects_at < footer.metadata_at && footer.metadata_at < footer.index_at &&
              footer.index_at < end,
          "its parts are out of order");
  return footer;
}

}  // namespace ttrace
