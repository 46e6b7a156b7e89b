#pragma once

#include <algorithm>
#include <cstring>
#include <map>

#include "syscalls/table.h"

namespace ttrace {

/// Memory of a tracee that does not exist: what was put there can be read, nothing else.
class FakeMemory {
 public:
  /// Zeros that can be read.
  void map(std::uint64_t at, std::size_t length) { regions_[at].resize(length); }

  template <class T>
  void put(std::uint64_t at, const T& value) {
    for (auto& [start, bytes] : regions_) {
      if (at >= start && at + sizeof value <= start + bytes.size()) {
        std::memcpy(bytes.data() + (at - start), &value, sizeof value);
        return;
      }
    }
    map(at, sizeof value);
    put(at, value);
  }

  MemoryPeek peek() const {
    return [this](Address at, std::span<std::byte> into) { return read(at.value(), into); };
  }

 private:
  std::size_t read(std::uint64_t at, std::span<std::byte> into) const {
    std::size_t done = 0;
    for (const auto& [start, bytes] : regions_) {
      const std::uint64_t here = at + done;
      if (done == into.size() || here < start || here >= start + bytes.size()) continue;
      const std::size_t length =
          std::min<std::size_t>(into.size() - done, start + bytes.size() - here);
      std::memcpy(into.data() + done, bytes.data() + (here - start), length);
      done += length;
    }
    return done;
  }

  std::map<std::uint64_t, std::vector<std::byte>> regions_;
};

struct Range {
  std::uint64_t at;
  std::uint64_t length;
  bool operator==(const Range&) const = default;
  bool operator<(const Range& other) const { return at < other.at; }
};

inline std::ostream& operator<<(std::ostream& out, const Range& range) {
  return out << "{0x" << std::hex << range.at << ", " << std::dec << range.length << "}";
}

inline std::vector<Range> sorted(const std::vector<MemoryRange>& ranges) {
  std::vector<Range> plain;
  for (const MemoryRange& range : ranges) plain.push_back({range.at.value(), range.length});
  std::sort(plain.begin(), plain.end());
  return plain;
}

}  // namespace ttrace
