#include "rewrite/plan_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/fd.h"
#include "rewrite/cache_directory.h"
#include "rewrite/decode.h"

namespace ttrace {
namespace {

constexpr std::string_view kMagic = "ttsites";
constexpr std::uint8_t kFormat = 2;
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

void encode(const std::vector<Site>& sites, ByteWriter& writer) {
  writer.varint(sites.size());
  std::uint64_t previous = 0;
  for (const Site& site : sites) {
    writer.varint(site.file_offset - previous);
    writer.u8(std::uint8_t(site.kind));
    writer.u8(site.length);
    writer.u8(site.destination);
    writer.u8(site.width);
    previous = site.file_offset;
  }
}

Bytes encode(const ContentKey& key, const SitePlan& plan) {
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.raw(bytes_of(kMagic));
  writer.u8(kFormat);
  writer.raw(key);
  writer.text(plan.warning);
  writer.varint(plan.text.size());
  for (const SitePlan::FileRange& range : plan.text) {
    writer.varint(range.begin);
    writer.varint(range.end);
  }
  writer.u8(plan.knows_counter_reads);
  encode(plan.sites, writer);
  encode(plan.counter_reads, writer);
  const XXH64_canonical_t checksum = checksum_of(bytes);
  writer.raw(bytes_of(checksum));
  return bytes;
}

bool same(const Site& a, const Site& b) {
  return a.file_offset == b.file_offset && a.kind == b.kind && a.length == b.length &&
         a.destination == b.destination && a.width == b.width;
}

/// False, or throws TraceError, for what encode() did not write.
bool decode(ByteReader& reader, const ElfFile& file, bool (*belongs)(const Site&),
            std::vector<Site>& sites) {
  std::uint64_t offset = 0;
  const std::size_t count = reader.count(5);
  for (std::size_t i = 0; i < count; ++i) {
    Site site;
    const std::uint64_t distance = reader.varint();
    const std::uint64_t least = i == 0 ? 0 : sites.back().length;
    if (distance < least || distance > file.file_size() - offset) return false;
    offset += distance;
    site.file_offset = offset;
    site.kind = InstructionEvent::Kind(reader.u8());
    site.length = reader.u8();
    site.destination = reader.u8();
    site.width = reader.u8();
    const auto found = site_at(file.read(offset, kLongestInstruction), offset);
    if (!found || !same(*found, site) || !belongs(site)) return false;
    sites.push_back(site);
  }
  return true;
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
  for (std::size_t count = reader.count(2); count > 0; --count) {
    const std::uint64_t begin = reader.varint();
    plan.text.push_back({begin, reader.varint()});
  }
  plan.knows_counter_reads = reader.u8() != 0;
  const auto is_other = [](const Site& site) { return !reads_counter(site); };
  if (!decode(reader, file, is_other, plan.sites) ||
      !decode(reader, file, reads_counter, plan.counter_reads) || !reader.at_end()) {
    return std::nullopt;
  }
  return plan;
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
  keep_file(directory, hex_of(key) + ".sites", bytes);
}

}  // namespace ttrace
