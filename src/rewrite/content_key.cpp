#include "rewrite/content_key.h"

#include <elf.h>
#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

namespace ttrace {
namespace {

constexpr std::uint64_t kMostHashed = std::uint64_t(4) << 30;

using Range = std::pair<std::uint64_t, std::uint64_t>;  // offsets in the file: begin, end

/// The parts of the file to hash, ascending, joined where they overlap: each byte counts once,
/// whatever the headers say.
std::vector<Range> hashed_parts(const ElfFile& file, bool has_build_id) {
  if (!has_build_id) return {{0, file.file_size()}};
  std::vector<Range> parts = {{0, std::min<std::uint64_t>(file.file_size(), 4096)}};
  for (const ElfSegment& segment : file.segments())
    if (segment.type == PT_LOAD && (!(segment.flags & PF_W) || (segment.flags & PF_X)))
      parts.emplace_back(segment.offset, segment.offset + segment.size);
  std::sort(parts.begin(), parts.end());
  std::vector<Range> joined;
  for (const Range& part : parts) {
    if (joined.empty() || part.first > joined.back().second)
      joined.push_back(part);
    else
      joined.back().second = std::max(joined.back().second, part.second);
  }
  return joined;
}

struct FreeState {
  void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
};

}  // namespace

std::optional<ContentKey> content_key_of(const ElfFile& file) {
  const Bytes build_id = file.build_id();
  const std::vector<Range> parts = hashed_parts(file, !build_id.empty());
  std::uint64_t total = 0;
  for (const auto& [begin, end] : parts) total += end - begin;
  if (total > kMostHashed) return std::nullopt;

  const std::unique_ptr<XXH3_state_t, FreeState> state(XXH3_createState());
  XXH3_128bits_reset(state.get());
  const auto update = [&](ByteView bytes) {
    XXH3_128bits_update(state.get(), bytes.data(), bytes.size());
  };
  Bytes prefix;
  ByteWriter writer(prefix);
  writer.varint(kAnalyserVersion);
  writer.varint(file.file_size());
  writer.blob(build_id);
  writer.varint(parts.size());
  for (const auto& [begin, end] : parts) {
    writer.varint(begin);
    writer.varint(end);
  }
  update(prefix);
  for (const auto& [begin, end] : parts)
    file.for_each_piece(begin, end - begin, 0,
                        [&](ByteView piece, std::uint64_t) { update(piece); });

  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state.get()));
  ContentKey key;
  static_assert(sizeof canonical == sizeof key);
  std::memcpy(key.data(), &canonical, sizeof key);
  return key;
}

std::string hex_of(const ContentKey& key) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : key) {
    text += digits[unsigned(byte) >> 4];
    text += digits[unsigned(byte) & 15];
  }
  return text;
}

}  // namespace ttrace
