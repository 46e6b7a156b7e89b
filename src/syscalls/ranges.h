#pragma once

#include <algorithm>
#include <vector>

#include "syscalls/table.h"

namespace ttrace {

/// Gathers the ranges of outputs_of(). Null pointers and empty ranges are dropped, overlong ones
/// cut at the end of the address space.
class RangeCollector {
 public:
  void add(std::uint64_t at, std::uint64_t length) {
    const std::uint64_t whole = std::min(length, ~at);
    if (at != 0 && whole != 0) ranges_.push_back({Address(at), whole});
  }

  /// Cuts every range to `most` bytes and to what can be read from its start: for lengths that the
  /// kernel has not confirmed.
  void clip(const MemoryPeek& peek, std::uint64_t most);

  std::vector<MemoryRange> take() { return std::move(ranges_); }

 private:
  std::vector<MemoryRange> ranges_;
};

/// How many bytes from `at` on can be read, up to `length`.
std::uint64_t readable_length(const MemoryPeek& peek, std::uint64_t at, std::uint64_t length);

}  // namespace ttrace
