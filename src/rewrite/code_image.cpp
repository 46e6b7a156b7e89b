#include "rewrite/code_image.h"

#include <elf.h>

#include <algorithm>

#include "base/types.h"

namespace ttrace {
namespace {

constexpr std::uint64_t kMostText = std::uint64_t(512) << 20;
constexpr std::uint64_t kMostImage = std::uint64_t(1) << 31;  // reach of a 32-bit distance

}  // namespace

bool AddressSet::any_in(std::uint64_t from, std::uint64_t to) const {
  while (from < to) {
    const std::uint64_t position = from - begin_;
    if (position >= size_) return false;
    if (position % 64 == 0 && to - from >= 64 && bits_[position / 64] == 0) {
      from += 64;
      continue;
    }
    if (bits_[position / 64] >> position % 64 & 1) return true;
    ++from;
  }
  return false;
}

std::optional<CodeImage> CodeImage::load(const ElfFile& file, std::string& reason) {
  CodeImage image;
  image.image_begin_ = ~std::uint64_t(0);
  const auto refuse = [&](const char* why) {
    reason = why;
    return std::nullopt;
  };
  for (const ElfSegment& segment : file.segments()) {
    if (segment.type != PT_LOAD) continue;
    const std::uint64_t end = segment.address + std::max(segment.size, segment.memory_size);
    if (end < segment.address || end > (std::uint64_t(1) << 47))
      return refuse("segments beyond the address space");
    image.image_begin_ = std::min(image.image_begin_, page_floor(segment.address));
    image.image_end_ = std::max(image.image_end_, page_ceil(end));
    if (!(segment.flags & PF_X) || segment.size == 0) continue;
    if (segment.flags & PF_W) return refuse("its code can be written");
    if (segment.address % kPageSize != segment.offset % kPageSize)
      return refuse("a segment cannot be mapped");
    if (segment.size > kMostText) return refuse("more code than can be rewritten");
    TextSegment text;
    text.address = page_floor(segment.address);
    text.offset = page_floor(segment.offset);
    text.begin = segment.address;
    text.end = segment.address + segment.size;
    image.segments_.push_back(std::move(text));
  }
  if (image.segments_.empty()) return refuse("no code");
  if (image.image_end_ - image.image_begin_ > kMostImage)
    return refuse("its image spans more than 2 GiB");
  std::sort(image.segments_.begin(), image.segments_.end(),
            [](const TextSegment& a, const TextSegment& b) { return a.address < b.address; });
  if (image.end() - image.begin() > kMostText) return refuse("more code than can be rewritten");
  for (std::size_t i = 0; i + 1 < image.segments_.size(); ++i)
    if (page_ceil(image.segments_[i].end) > image.segments_[i + 1].address)
      return refuse("its code segments overlap");
  for (TextSegment& text : image.segments_) {
    const std::uint64_t size = page_ceil(text.end) - text.address;
    text.bytes = file.read(text.offset, size);
    if (text.bytes.size() < text.end - text.address) return refuse("it is truncated");
    text.bytes.resize(size);
  }
  return image;
}

ByteView CodeImage::at(std::uint64_t address) const {
  for (const TextSegment& text : segments_)
    if (address >= text.begin && address < text.end)
      return ByteView(text.bytes).subspan(address - text.address, text.end - address);
  return {};
}

}  // namespace ttrace
