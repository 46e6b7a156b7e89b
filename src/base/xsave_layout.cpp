#include "base/xsave_layout.h"

#include <algorithm>
#include <cstring>

namespace ttrace {
namespace {

constexpr std::uint32_t kLeaf = 0xd;
constexpr std::size_t kHeaderAt = 512;  // XSTATE_BV, behind x87 and SSE
constexpr std::size_t kLegacySize = 576;
constexpr std::size_t kSoftwareAt = 464;  // where ptrace says what may be in the image
constexpr std::uint64_t kLegacyState = 3;

std::uint64_t word_at(ByteView bytes, std::size_t at) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes.subspan(at, sizeof word).data(), sizeof word);
  return word;
}

}  // namespace

XsaveLayout xsave_layout_here() {
  XsaveLayout layout;
  if (cpuid_here(0, 0)[CpuFeature::eax] < kLeaf || xcr0_here() == 0) return layout;
  layout.xcr0 = xcr0_here();
  layout.size = cpuid_here(kLeaf, 0)[CpuFeature::ebx];
  for (std::uint32_t number = 2; number < 63; ++number) {
    if (!(layout.xcr0 >> number & 1)) continue;
    const CpuidResult part = cpuid_here(kLeaf, number);
    layout.components.push_back({number, part[CpuFeature::ebx], part[CpuFeature::eax]});
  }
  return layout;
}

Bytes convert_xsave(ByteView image, const XsaveLayout& from, const XsaveLayout& to) {
  if (from == to || from.size == 0) return {image.begin(), image.end()};
  if (image.size() < kLegacySize || to.size < kLegacySize) {
    throw TraceError("the vector registers of the recording have no place on this CPU");
  }
  const std::uint64_t in_use = word_at(image, kHeaderAt);
  Bytes result(to.size);
  std::ranges::copy(image.first(kLegacySize), result.begin());
  std::memcpy(result.data() + kSoftwareAt, &to.xcr0, sizeof to.xcr0);
  std::uint64_t moved = kLegacyState;
  for (const XsaveComponent& part : from.components) {
    if (!(in_use >> part.number & 1)) continue;
    const auto place = std::ranges::find(to.components, part.number, &XsaveComponent::number);
    if (place == to.components.end() || place->size != part.size ||
        std::size_t(place->offset) + place->size > result.size() ||
        std::size_t(part.offset) + part.size > image.size()) {
      throw TraceError("the program used vector registers (XSAVE component " +
                       std::to_string(part.number) + ") that this CPU lacks");
    }
    std::ranges::copy(image.subspan(part.offset, part.size),
                      result.begin() + std::ptrdiff_t(place->offset));
    moved |= 1ull << part.number;
  }
  const std::uint64_t now = in_use & moved;
  std::memcpy(result.data() + kHeaderAt, &now, sizeof now);
  return result;
}

}  // namespace ttrace
