#include "syscalls/ranges.h"

#include <array>

namespace ttrace {

std::uint64_t readable_length(const MemoryPeek& peek, std::uint64_t at, std::uint64_t length) {
  std::array<std::byte, 16384> chunk;
  std::uint64_t done = 0;
  while (done < length) {
    const auto wanted = std::size_t(std::min<std::uint64_t>(chunk.size(), length - done));
    const std::size_t got = peek(Address(at + done), std::span(chunk).first(wanted));
    done += std::min(got, wanted);
    if (got < wanted) break;
  }
  return done;
}

void RangeCollector::clip(const MemoryPeek& peek, std::uint64_t most) {
  for (MemoryRange& range : ranges_) {
    range.length = readable_length(peek, range.at.value(), std::min(range.length, most));
  }
  std::erase_if(ranges_, [](const MemoryRange& range) { return range.length == 0; });
}

}  // namespace ttrace
