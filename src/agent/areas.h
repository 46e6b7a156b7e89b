#pragma once

#include <cstdint>

#include "agent/abi.h"

// Calls that change the program's own memory, as far as the agent makes them (docs/decisions/0027).

namespace ttrace::agent {

/// Whether the pages of these `length` bytes lie in one area.
inline bool is_in_area(std::uint64_t start, std::uint64_t length) {
  constexpr std::uint64_t kPageSize = 4096;
  constexpr std::uint64_t kMostBytes = 1ull << 46;  // more than there are addresses
  const auto* areas = reinterpret_cast<const Area*>(std::uint64_t(kAreasAddress));
  if (length == 0 || length > kMostBytes) return false;
  const std::uint64_t end = start + ((length + kPageSize - 1) & ~(kPageSize - 1));
  for (unsigned i = 0; i < kMostAreas; ++i)
    if (start >= areas[i].start && end > start && end <= areas[i].end) return true;
  return false;
}

/// mprotect that makes nothing executable.
inline bool may_protect(const std::uint64_t* args) {
  constexpr std::uint64_t kReadable = 1, kWritable = 2;  // PROT_READ, PROT_WRITE
  return (args[2] & ~(kReadable | kWritable)) == 0 && is_in_area(args[0], args[1]);
}

/// madvise that gives pages back, which are then empty.
inline bool may_drop(const std::uint64_t* args) {
  constexpr std::uint64_t kDontNeed = 4;  // MADV_DONTNEED
  return args[2] == kDontNeed && is_in_area(args[0], args[1]);
}

}  // namespace ttrace::agent
