#include "record/shared_files.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/duplicate.h"
#include "base/error.h"

namespace ttrace {
namespace {

/// What one change may carry: an event has at most 1 GiB (docs/trace-format.md).
constexpr std::uint64_t kMostContents = std::uint64_t(512) << 20;
constexpr std::size_t kReadAtOnce = 1 << 20;

/// Gathers contents, leaving out pages of zeros.
class Pieces {
 public:
  Pieces(SharedChange& change, const std::string& name) : change_(change), name_(name) {}

  void add(std::uint64_t offset, ByteView data) {
    while (!data.empty()) {
      const std::size_t size = std::min<std::size_t>(kPageSize - offset % kPageSize, data.size());
      const ByteView page = data.first(size);
      const bool zero =
          std::all_of(page.begin(), page.end(), [](std::byte b) { return b == std::byte(0); });
      if (!zero) put(offset, page);
      offset += size;
      data = data.subspan(size);
    }
  }

 private:
  void put(std::uint64_t offset, ByteView page) {
    total_ += page.size();
    if (total_ > kMostContents) {
      throw NotRecordable("shared memory with more than " + std::to_string(kMostContents >> 20) +
                          " MiB of contents (" + name_ + ")");
    }
    auto& pieces = change_.pieces;
    if (pieces.empty() || pieces.back().offset + pieces.back().data.size() != offset) {
      pieces.push_back({offset, {}});
    }
    Bytes& data = pieces.back().data;
    data.insert(data.end(), page.begin(), page.end());
  }

  SharedChange& change_;
  const std::string& name_;
  std::uint64_t total_ = 0;
};

SharedChange change_of(SharedFiles::File& file, std::uint64_t size, std::uint64_t from,
                       std::uint64_t length) {
  SharedChange change;
  change.number = file.number;
  if (!std::exchange(file.named, true)) change.name = file.name;
  file.size = change.size = size;
  change.from = std::min(from, size);
  change.length = std::min(length, size - change.from);
  return change;
}

}  // namespace

SharedFiles::SharedFiles() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  began_ns_ = std::int64_t(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

SharedFiles SharedFiles::copy() const {
  SharedFiles same;
  same.began_ns_ = began_ns_;
  for (const auto& [key, file] : files_) {
    same.files_[key] = {file.number, file.name,     duplicate(file.fd), file.size,
                        file.named,  file.has_text, file.maps_device,   file.maps_inode};
  }
  return same;
}

SharedFiles::File* SharedFiles::find(const Key& key) {
  const auto found = files_.find(key);
  return found == files_.end() ? nullptr : &found->second;
}

SharedFiles::File* SharedFiles::find(const struct stat& info) {
  return find(Key{info.st_dev, info.st_ino});
}

SharedFiles::File* SharedFiles::shown_by(const MapLine& line) {
  for (auto& [key, file] : files_) {
    if (file.maps_inode == line.inode && file.maps_device == line.device && line.inode != 0) {
      return &file;
    }
  }
  return nullptr;
}

SharedFiles::File& SharedFiles::enter(const Key& key, Fd fd, const MapLine& line) {
  File& file = files_[key];
  file.number = std::uint32_t(files_.size() - 1);
  file.name = line.name;
  file.fd = std::move(fd);
  file.maps_device = line.device;
  file.maps_inode = line.inode;
  return file;
}

SharedChange SharedFiles::read(File& file, std::uint64_t from, std::uint64_t length) {
  struct stat info {};
  if (fstat(file.fd.value(), &info) != 0) throw_errno("fstat of " + file.name);
  SharedChange change = change_of(file, std::uint64_t(info.st_size), from, length);
  Pieces pieces(change, file.name);
  Bytes part(kReadAtOnce);
  const std::uint64_t end = change.from + change.length;
  for (std::uint64_t at = change.from; at < end;) {
    const off_t data = lseek(file.fd.value(), off_t(at), SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;  // nothing but a hole
    if (data > off_t(at)) at = std::uint64_t(data);
    if (at >= end) break;
    const std::size_t size = std::min<std::uint64_t>(part.size(), end - at);
    const ssize_t n = pread(file.fd.value(), part.data(), size, off_t(at));
    if (n < 0) throw_errno("read " + file.name);
    if (n == 0) break;
    pieces.add(at, std::span(part).first(std::size_t(n)));
    at += std::uint64_t(n);
  }
  return change;
}

SharedChange SharedFiles::read_segment(File& segment, std::uint64_t size, const Memory& memory,
                                       Address at) {
  SharedChange change = change_of(segment, size, 0, size);
  Pieces pieces(change, segment.name);
  for (std::uint64_t done = 0; done < size;) {
    const Bytes part = memory.read(at + done, std::min<std::uint64_t>(kReadAtOnce, size - done));
    if (part.empty()) break;
    pieces.add(done, part);
    done += part.size();
  }
  return change;
}

}  // namespace ttrace
