#include "rewrite/text_patch.h"

#include <algorithm>
#include <cstring>

namespace ttrace {

namespace {

std::byte& byte_at(CodeImage& image, std::uint64_t address) {
  for (TextSegment& text : image.segments())
    if (address >= text.begin && address < text.end) return text.bytes[address - text.address];
  throw Error("internal: a patch outside of the text");
}

}  // namespace

void TextPatch::claim(std::uint64_t begin, std::uint64_t end) {
  for (std::uint64_t i = begin; i < end; ++i) claimed_.add(i);
  ranges_.push_back({begin, end - begin});
}

void TextPatch::write(std::uint64_t address, std::initializer_list<unsigned> bytes) {
  claim(address, address + bytes.size());
  for (const unsigned byte : bytes) bytes_.push_back({address++, std::byte(byte)});
}

void TextPatch::fill(std::uint64_t begin, std::uint64_t end) {
  if (begin >= end) return;
  claim(begin, end);
  for (; begin < end; ++begin) bytes_.push_back({begin, std::byte(0xcc)});
}

void TextPatch::aim(std::uint64_t end, StubCode::Position stub) {
  claim(end - 4, end);
  aims_.push_back({end, stub});
}

void TextPatch::jump(std::uint64_t address, StubCode::Position stub) {
  write(address, {0xe9});
  aim(address + 5, stub);
}

void TextPatch::explain(std::uint64_t address, std::uint16_t length, std::uint64_t original) {
  places_.push_back({address, length, original});
}

void TextPatch::apply(CodeImage& image, std::uint64_t stubs) const {
  for (const Byte& byte : bytes_) byte_at(image, byte.address) = byte.value;
  for (const Aim& aim : aims_) {
    const auto distance = std::uint32_t(stubs + aim.stub - aim.end);
    for (unsigned i = 0; i < 4; ++i)
      byte_at(image, aim.end - 4 + i) = std::byte(distance >> (8 * i));
  }
}

std::vector<ModifiedRange> TextPatch::modified() const {
  std::vector<ModifiedRange> ranges = ranges_;
  std::sort(ranges.begin(), ranges.end(),
            [](const auto& a, const auto& b) { return a.address < b.address; });
  std::vector<ModifiedRange> joined;
  for (const ModifiedRange& range : ranges) {
    if (joined.empty() || range.address > joined.back().address + joined.back().length) {
      joined.push_back(range);
      continue;
    }
    ModifiedRange& last = joined.back();
    last.length = std::max(last.length, range.address + range.length - last.address);
  }
  return joined;
}

std::vector<TickPlan::PlaceEntry> TextPatch::places(std::uint64_t origin) const {
  std::vector<TickPlan::PlaceEntry> entries;
  for (const Place& place : places_)
    entries.push_back({std::uint32_t(place.address - origin),
                       std::uint32_t(place.original - origin), place.length, 0, 0});
  return entries;
}

}  // namespace ttrace
