#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rewrite/elf_file.h"

namespace ttrace {

/// A set of addresses in a bounded range, one bit each.
class AddressSet {
 public:
  AddressSet() = default;
  AddressSet(std::uint64_t begin, std::uint64_t end)
      : begin_(begin), size_(end - begin), bits_((end - begin) / 64 + 1) {}

  /// Addresses outside of the range are no elements and cannot become any.
  void add(std::uint64_t at) {
    if (at - begin_ < size_) bits_[(at - begin_) / 64] |= std::uint64_t(1) << (at - begin_) % 64;
  }
  bool contains(std::uint64_t at) const {
    return at - begin_ < size_ && (bits_[(at - begin_) / 64] >> (at - begin_) % 64 & 1);
  }
  /// Whether any element lies in [from, to).
  bool any_in(std::uint64_t from, std::uint64_t to) const;
  /// The greatest element below `at`, not below `least`.
  std::optional<std::uint64_t> last_before(std::uint64_t at, std::uint64_t least) const {
    while (at > least)
      if (contains(--at)) return at;
    return std::nullopt;
  }

 private:
  std::uint64_t begin_ = 0;
  std::uint64_t size_ = 0;
  std::vector<std::uint64_t> bits_;
};

/// One executable PT_LOAD segment: whole pages, as they are mapped.
struct TextSegment {
  std::uint64_t address = 0;  ///< of the first page
  std::uint64_t offset = 0;   ///< in the file, of the first page
  Bytes bytes;                ///< whole pages; zero beyond the end of the file
  std::uint64_t begin = 0;    ///< what the program header names: [begin, end), within the pages
  std::uint64_t end = 0;
};

/// The code of one binary in memory.
class CodeImage {
 public:
  /// Empty, with a reason, for a binary whose code cannot be rewritten (no executable segment,
  /// executable segments that can be written or overlap, text of more than half a GiB).
  static std::optional<CodeImage> load(const ElfFile& file, std::string& reason);

  const std::vector<TextSegment>& segments() const { return segments_; }
  std::vector<TextSegment>& segments() { return segments_; }
  /// From the beginning of the first to the end of the last executable segment.
  std::uint64_t begin() const { return segments_.front().begin; }
  std::uint64_t end() const { return segments_.back().end; }
  /// All loaded pages, code and data.
  std::uint64_t image_begin() const { return image_begin_; }
  std::uint64_t image_end() const { return image_end_; }

  /// The bytes from an address to the end of its segment; empty outside of code.
  ByteView at(std::uint64_t address) const;
  bool contains(std::uint64_t address) const { return !at(address).empty(); }

 private:
  std::vector<TextSegment> segments_;  // ascending
  std::uint64_t image_begin_ = 0;
  std::uint64_t image_end_ = 0;
};

}  // namespace ttrace
