#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace ttrace {

/// One program header, cut to what the file really holds.
struct ElfSegment {
  std::uint32_t type = 0;
  std::uint32_t flags = 0;    ///< PF_*
  std::uint64_t address = 0;  ///< virtual, as linked
  std::uint64_t offset = 0;
  std::uint64_t size = 0;  ///< bytes in the file; offset + size never exceeds the file's size
  std::uint64_t align = 0;
  std::uint64_t memory_size = 0;  ///< as the header says, unchecked

  bool contains(std::uint64_t at) const { return at >= address && at - address < size; }
};

/// One section header, cut likewise. SHT_NOBITS sections have size 0.
struct ElfSection {
  std::uint32_t type = 0;
  std::uint64_t flags = 0;  ///< SHF_*
  std::uint64_t address = 0;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint32_t name = 0;  ///< offset in the table of section names
};

/// An ELF64 x86-64 executable or shared object behind a descriptor that somebody else owns. Reads
/// with pread only: a file that shrinks meanwhile gives short reads, where a mapping would give
/// SIGBUS. All offsets and sizes that it hands out have been checked against the file's size at
/// open(); reads are checked again.
class ElfFile {
 public:
  /// Empty if `fd` is no regular file or no such ELF file. Throws SystemError if it cannot be read
  /// at all.
  static std::optional<ElfFile> open(int fd);

  std::uint64_t file_size() const { return file_size_; }
  /// ET_EXEC: loaded where it was linked, nowhere else.
  bool fixed_address() const { return fixed_address_; }
  const std::vector<ElfSegment>& segments() const { return segments_; }
  const std::vector<ElfSection>& sections() const { return sections_; }

  /// The PT_LOAD segment whose bytes in the file include the virtual address, or null.
  const ElfSegment* segment_at(std::uint64_t address) const;
  /// The first section of that name, or null.
  const ElfSection* section_named(std::string_view name) const;

  /// Up to `size` bytes at `offset`: fewer at the end of the file.
  Bytes read(std::uint64_t offset, std::uint64_t size) const;

  /// Calls use(ByteView, offset) for successive pieces of a range, each at most a megabyte, so that
  /// a large file needs no large buffer. A piece begins `overlap` bytes before the end of the last.
  template <class Use>
  void for_each_piece(std::uint64_t offset, std::uint64_t size, std::uint64_t overlap,
                      Use use) const {
    const std::uint64_t end = offset + size;
    while (offset < end) {
      const Bytes piece = read(offset, std::min(kPiece, end - offset));
      if (piece.empty()) return;
      use(ByteView(piece), offset);
      if (piece.size() == end - offset || piece.size() <= overlap) return;
      offset += piece.size() - overlap;
    }
  }

  /// Up to `size` bytes at a virtual address: fewer at the end of its segment's bytes in the file.
  Bytes read_at(std::uint64_t address, std::uint64_t size) const;

  /// The linker's build-id; empty if there is none.
  Bytes build_id() const;

 private:
  static constexpr std::uint64_t kPiece = 1 << 20;

  ElfFile(int fd, std::uint64_t size) : fd_(fd), file_size_(size) {}
  void cut(std::uint64_t& offset, std::uint64_t& size) const;

  int fd_;
  std::uint64_t file_size_;
  bool fixed_address_ = false;
  std::vector<ElfSegment> segments_;
  std::vector<ElfSection> sections_;
  Bytes section_names_;
};

}  // namespace ttrace
