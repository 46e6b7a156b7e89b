#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>

#include "base/types.h"

namespace ttrace {

/// Memory inside a recorded process that calls write into until they end, while other threads (or
/// processes that share memory) run. Given out first fit; the owner gives every piece back.
class ScratchArena {
 public:
  ScratchArena() = default;
  ScratchArena(Address start, std::uint64_t size) : start_(start), size_(size) {}

  std::uint64_t size() const { return size_; }

  std::optional<Address> allocate(std::uint64_t length) {
    Address at = start_;
    for (const auto& [used, used_length] : used_) {
      if (used - at >= length) break;
      at = used + used_length;
    }
    if (length == 0 || start_ + size_ < at || start_ + size_ - at < length) return {};
    used_[at] = length;
    return at;
  }

  void release(Address at) { used_.erase(at); }

  /// The same memory in a process that a fork made: nothing in it is in use.
  ScratchArena copy() const { return {start_, size_}; }

 private:
  Address start_;
  std::uint64_t size_ = 0;
  std::map<Address, std::uint64_t> used_;
};

}  // namespace ttrace
