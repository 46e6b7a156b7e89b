#include "trace/pack.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

#include "trace/container.h"
#include "trace/new_file.h"
#include "trace/reader.h"

namespace ttrace {
namespace {

/// The last bytes of a packed file.
struct PackFooter {
  std::array<char, 8> magic;
  std::uint64_t file_size;
  std::uint64_t trace_size;
  std::uint64_t table_at;  ///< a frame that ends where the footer begins
  std::uint64_t checksum;  ///< XXH3-64 of the fields above
};
static_assert(sizeof(PackFooter) == 40);
constexpr std::array<char, 8> kPackMagic = {'t', 't', 'p', 'a', 'c', 'k', '.', '\n'};

/// A frame of an object's contents holds so many of its bytes; the last one what is left.
constexpr std::size_t kChunk = std::size_t{1} << 20;

void require(bool condition, const char* what) {
  if (!condition) throw TraceError(std::string("damaged: ") + what);
}

Bytes read_at(int file, std::uint64_t offset, std::uint64_t size) {
  Bytes bytes(size);
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t got = ::pread(file, bytes.data() + done, size - done, off_t(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw TraceError(std::string("cannot be read: ") + std::strerror(errno));
    require(got > 0, "it became shorter while it was read");
    done += std::size_t(got);
  }
  return bytes;
}

std::uint64_t checksum_in(const PackFooter& footer) {
  return checksum_of(bytes_of(footer).first(offsetof(PackFooter, checksum)));
}

bool write_contents(int file, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(file, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes = bytes.subspan(std::size_t(n));
  }
  return true;
}

/// Writes a packed file in order, and remembers how far it is.
class PackWriter {
 public:
  explicit PackWriter(NewFile& file) : file_(file) {}

  std::uint64_t at() const { return at_; }
  void write(ByteView bytes) {
    file_.write(bytes);
    at_ += bytes.size();
  }
  void copy(int from, std::uint64_t size) {
    for (std::uint64_t done = 0; done < size;) {
      const std::uint64_t part = std::min<std::uint64_t>(kChunk, size - done);
      write(read_at(from, done, part));
      done += part;
    }
  }
  void add_object(int from, std::uint64_t size) {
    for (std::uint64_t done = 0; done < size; done += kChunk) {
      const std::uint64_t part = std::min<std::uint64_t>(kChunk, size - done);
      write(make_frame(FrameKind::packed, done, 0, read_at(from, done, part)));
    }
  }

 private:
  NewFile& file_;
  std::uint64_t at_ = 0;
};

}  // namespace

std::optional<PackedObjects> PackedObjects::open(int file, std::uint64_t file_size) {
  if (file_size < sizeof(PackFooter)) return std::nullopt;
  PackFooter footer{};
  const Bytes end = read_at(file, file_size - sizeof footer, sizeof footer);
  std::memcpy(&footer, end.data(), sizeof footer);
  if (footer.magic != kPackMagic) return std::nullopt;
  require(footer.checksum == checksum_in(footer), "the checksum of its end does not match");
  const std::uint64_t table_end = file_size - sizeof footer;
  require(footer.file_size == file_size, "its size is not what its end says");
  require(footer.trace_size <= footer.table_at && footer.table_at < table_end &&
              table_end - footer.table_at <= kMaxTableSize,
          "its parts are out of order");

  PackedObjects objects;
  objects.trace_size_ = footer.trace_size;
  const Bytes table = open_frame(read_at(file, footer.table_at, table_end - footer.table_at),
                                 {FrameKind::packed, 0, 0});
  ByteReader in(table);
  std::uint64_t at = footer.trace_size;
  for (std::size_t left = in.count(2); left > 0; --left) {
    const std::string hash = in.text();
    const std::uint64_t size = in.varint();
    require(size <= footer.table_at - at, "an object lies beyond the others");
    objects.places_[hash] = {at, at + size};
    at += size;
  }
  require(in.at_end() && at == footer.table_at, "its objects are not what its table says");
  return objects;
}

Fd PackedObjects::open_object(int file, const ObjectInfo& object) const {
  const auto found = places_.find(object.hash);
  if (found == places_.end()) throw TraceError("is not in the packed file");
  Fd contents(::memfd_create("ttrace-object", MFD_CLOEXEC));
  if (!contents) throw_errno("a file in memory for an object");
  std::uint64_t size = 0;
  for (std::uint64_t at = found->second.at; at < found->second.end;) {
    const std::uint64_t left = found->second.end - at;
    require(left >= kLeastFrameSize, "a frame is cut off");
    FrameHeader header{};
    const Bytes start = read_at(file, at, sizeof header);
    std::memcpy(&header, start.data(), sizeof header);
    const std::uint64_t frame_size =
        sizeof header + std::uint64_t(header.stored_size) + kChecksumSize;
    require(frame_size <= left && header.raw_size <= kChunk, "a frame is larger than its object");
    const Bytes part = open_frame(read_at(file, at, frame_size), {FrameKind::packed, size, 0});
    size += part.size();
    require(size <= object.size, "an object is larger than it should be");
    if (!write_contents(contents.value(), part)) throw_errno("write an object to memory");
    at += frame_size;
  }
  require(size == object.size, "an object is smaller than it should be");
  return contents;
}

void pack_trace(const std::string& path, const std::string& output) {
  const TraceReader trace(path);
  if (trace.is_packed()) throw UsageError(path + " is packed already: copy it");
  const std::filesystem::path split(output);
  const std::string name = split.filename().string();
  if (name.empty() || name == "." || name == "..") {
    throw UsageError("\"" + output + "\" names no file");
  }
  const std::string folder_name =
      split.has_parent_path() ? split.parent_path().string() : std::string(".");
  const Fd folder(::open(folder_name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) throw_cannot_write(folder_name, errno);
  const Fd from(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!from) throw_errno("cannot open " + path);

  NewFile file(folder.value(), folder_name);
  PackWriter writer(file);
  PackFooter footer{};
  footer.magic = kPackMagic;
  footer.trace_size = std::filesystem::file_size(path);
  writer.copy(from.value(), footer.trace_size);

  Bytes table;
  ByteWriter out(table);
  out.varint(trace.objects().size());
  for (std::uint32_t i = 0; i < trace.objects().size(); ++i) {
    const ObjectInfo& object = trace.objects()[i];
    const std::uint64_t begin = writer.at();
    writer.add_object(trace.open_object(i).value(), object.size);
    out.text(object.hash);
    out.varint(writer.at() - begin);
  }
  footer.table_at = writer.at();
  writer.write(make_frame(FrameKind::packed, 0, 0, table));
  footer.file_size = writer.at() + sizeof footer;
  footer.checksum = checksum_in(footer);
  writer.write(bytes_of(footer));
  file.publish(name);
}

}  // namespace ttrace
