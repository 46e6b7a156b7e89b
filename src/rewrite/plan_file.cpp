#include "rewrite/plan_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "base/fd.h"
#include "rewrite/decode.h"

namespace ttrace {
namespace {

constexpr std::string_view kMagic = "ttsites";
constexpr std::uint8_t kFormat = 1;
constexpr std::size_t kChecksumSize = sizeof(XXH64_canonical_t);
constexpr off_t kLargestFile = 64 << 20;
constexpr std::uint64_t kLongestInstruction = 15;

std::string path_of(const std::string& directory, const ContentKey& key) {
  return directory + "/" + hex_of(key) + ".sites";
}

XXH64_canonical_t checksum_of(ByteView bytes) {
  XXH64_canonical_t canonical;
  XXH64_canonicalFromHash(&canonical, XXH3_64bits(bytes.data(), bytes.size()));
  return canonical;
}

Bytes encode(const ContentKey& key, const SitePlan& plan) {
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.raw(bytes_of(kMagic));
  writer.u8(kFormat);
  writer.raw(key);
  writer.text(plan.warning);
  writer.varint(plan.sites.size());
  std::uint64_t previous = 0;
  for (const Site& site : plan.sites) {
    writer.varint(site.file_offset - previous);
    writer.u8(std::uint8_t(site.kind));
    writer.u8(site.length);
    writer.u8(site.destination);
    writer.u8(site.width);
    previous = site.file_offset;
  }
  const XXH64_canonical_t checksum = checksum_of(bytes);
  writer.raw(bytes_of(checksum));
  return bytes;
}

bool same(const Site& a, const Site& b) {
  return a.file_offset == b.file_offset && a.kind == b.kind && a.length == b.length &&
         a.destination == b.destination && a.width == b.width;
}

/// Throws TraceError, or gives nothing, for what encode() did not write.
std::optional<SitePlan> decode(ByteView bytes, const ContentKey& key, const ElfFile& file) {
  if (bytes.size() < kChecksumSize) return std::nullopt;
  const ByteView stored = bytes.last(kChecksumSize);
  bytes = bytes.first(bytes.size() - kChecksumSize);
  const XXH64_canonical_t checksum = checksum_of(bytes);
  if (!std::ranges::equal(stored, bytes_of(checksum))) return std::nullopt;

  ByteReader reader(bytes);
  if (!std::ranges::equal(reader.raw(kMagic.size()), bytes_of(kMagic))) return std::nullopt;
  if (reader.u8() != kFormat) return std::nullopt;
  if (!std::ranges::equal(reader.raw(key.size()), key)) return std::nullopt;
  SitePlan plan;
  plan.warning = reader.text();
  std::uint64_t offset = 0;
  const std::size_t count = reader.count(5);
  for (std::size_t i = 0; i < count; ++i) {
    Site site;
    const std::uint64_t distance = reader.varint();
    const std::uint64_t least = i == 0 ? 0 : plan.sites.back().length;
    if (distance < least || distance > file.file_size() - offset) return std::nullopt;
    offset += distance;
    site.file_offset = offset;
    site.kind = InstructionEvent::Kind(reader.u8());
    site.length = reader.u8();
    site.destination = reader.u8();
    site.width = reader.u8();
    const auto found = site_at(file.read(offset, kLongestInstruction), offset);
    if (!found || !same(*found, site)) return std::nullopt;
    plan.sites.push_back(site);
  }
  if (!reader.at_end()) return std::nullopt;
  return plan;
}

bool write_all(int fd, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(fd, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    bytes = bytes.subspan(std::size_t(done));
  }
  return true;
}

/// Like mkdir -p; that it failed shows when a file is created there.
void make_directory(const std::string& path) {
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    ::mkdir(path.substr(0, slash).c_str(), 0700);
    if (slash == std::string::npos) return;
  }
}

/// Through a file without a name, so that a process killed here leaves nothing behind. False where
/// the file system has no such files.
bool write_unnamed(const std::string& directory, const std::string& path, ByteView bytes) {
  const Fd fd(::open(directory.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
  if (!fd || !write_all(fd.value(), bytes)) return false;
  const std::string unnamed = "/proc/self/fd/" + std::to_string(fd.value());
  const auto link = [&] {
    return ::linkat(AT_FDCWD, unnamed.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0;
  };
  if (link()) return true;
  if (errno != EEXIST) return false;
  // Either a damaged file, or another process was faster and its file is as good as this one.
  ::unlink(path.c_str());
  return link() || errno == EEXIST;
}

void write_renamed(const std::string& path, ByteView bytes) {
  std::string temporary = path + ".XXXXXX";
  const Fd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) return;
  if (!write_all(fd.value(), bytes) || ::rename(temporary.c_str(), path.c_str()) != 0)
    ::unlink(temporary.c_str());
}

}  // namespace

std::optional<SitePlan> read_plan_file(const std::string& directory, const ContentKey& key,
                                       const ElfFile& file) {
  const Fd fd(
      ::open(path_of(directory, key).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat status;
  if (!fd || ::fstat(fd.value(), &status) != 0 || !S_ISREG(status.st_mode) ||
      status.st_size > kLargestFile)
    return std::nullopt;
  Bytes bytes(std::size_t(status.st_size));
  if (::pread(fd.value(), bytes.data(), bytes.size(), 0) != ssize_t(bytes.size()))
    return std::nullopt;
  try {
    return decode(bytes, key, file);
  } catch (const TraceError&) {
    return std::nullopt;
  }
}

void write_plan_file(const std::string& directory, const ContentKey& key, const SitePlan& plan) {
  const Bytes bytes = encode(key, plan);
  if (bytes.size() > std::size_t(kLargestFile)) return;
  make_directory(directory);
  const std::string path = path_of(directory, key);
  if (!write_unnamed(directory, path, bytes)) write_renamed(path, bytes);
}

}  // namespace ttrace
