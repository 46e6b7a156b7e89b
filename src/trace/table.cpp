#include "trace/table.h"

#include <charconv>

#include "trace/container.h"
#include "trace/hex.h"

namespace ttrace {
namespace {

constexpr std::size_t kHashBytes = 16;
constexpr std::size_t kLeastObject = kHashBytes + 2;
constexpr std::size_t kLeastPlace = 2;

void require(bool condition, const char* what) {
  if (!condition) throw TraceError(std::string("damaged: ") + what);
}

void write_hash(ByteWriter& out, const std::string& hash) {
  for (std::size_t i = 0; i < kHashBytes; ++i) {
    const char* digits = hash.c_str() + 2 * i;
    std::uint8_t byte = 0;
    if (hash.size() != 2 * kHashBytes ||
        std::from_chars(digits, digits + 2, byte, 16).ptr != digits + 2) {
      throw Error("\"" + hash + "\" is no hash of an object");
    }
    out.u8(byte);
  }
}

}  // namespace

Bytes encode_objects(const std::vector<ObjectInfo>& objects) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.varint(objects.size());
  for (const ObjectInfo& object : objects) {
    write_hash(out, object.hash);
    out.varint(object.size);
    out.text(object.path);
  }
  return bytes;
}

std::vector<ObjectInfo> decode_objects(ByteView bytes) {
  ByteReader in(bytes);
  std::vector<ObjectInfo> objects;
  const std::size_t count = in.count(kLeastObject);
  for (std::size_t i = 0; i < count; ++i) {
    ObjectInfo& object = objects.emplace_back();
    object.hash = hex_of(in.raw(kHashBytes));
    object.size = in.varint();
    object.path = in.text();
  }
  require(in.at_end(), "the table of objects is longer than it says");
  return objects;
}

Bytes encode_index(const std::vector<FramePlace>& frames) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.varint(frames.size());
  for (const FramePlace& frame : frames) {
    out.varint(frame.size);
    out.varint(frame.event_count);
  }
  return bytes;
}

std::vector<FramePlace> decode_index(ByteView bytes, std::uint64_t begin, std::uint64_t end,
                                     std::uint64_t event_count) {
  ByteReader in(bytes);
  std::vector<FramePlace> frames;
  const std::size_t count = in.count(kLeastPlace);
  std::uint64_t at = begin;
  std::uint64_t event = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const FramePlace frame{at, in.varint(), event, in.varint()};
    require(frame.size >= kLeastFrameSize && frame.size <= end - at,
            "the index does not fit the file");
    require(frame.event_count >= 1 && frame.event_count <= event_count - event,
            "the index does not fit the number of events");
    at += frame.size;
    event += frame.event_count;
    frames.push_back(frame);
  }
  require(in.at_end() && at == end && event == event_count, "the index does not fit the file");
  return frames;
}

}  // namespace ttrace
