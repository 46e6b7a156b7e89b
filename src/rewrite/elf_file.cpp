#include "rewrite/elf_file.h"

#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace ttrace {
namespace {

// Headers of real files stay far below these; beyond them a file is hostile and its headers are
// not worth the memory.
constexpr std::uint64_t kMostNames = 1 << 20;
constexpr std::uint64_t kMostNotes = 64 << 10;
constexpr std::uint64_t kLongestBuildId = 64;

template <class T>
T copy_at(ByteView bytes, std::size_t index) {
  T value;
  std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}

bool is_supported(const Elf64_Ehdr& header) {
  return std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
         header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_ident[EI_DATA] == ELFDATA2LSB &&
         header.e_machine == EM_X86_64 && (header.e_type == ET_EXEC || header.e_type == ET_DYN);
}

/// The build-id in the contents of one PT_NOTE segment.
Bytes build_id_in(ByteView notes, std::uint64_t align) {
  const auto padded = [align](std::uint64_t n) { return (n + align - 1) & ~(align - 1); };
  while (notes.size() >= sizeof(Elf64_Nhdr)) {
    const auto note = copy_at<Elf64_Nhdr>(notes, 0);
    const std::uint64_t description = padded(sizeof note + std::uint64_t(note.n_namesz));
    const std::uint64_t end = description + note.n_descsz;
    if (end > notes.size()) break;
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
        std::memcmp(notes.data() + sizeof note, "GNU", 4) == 0 && note.n_descsz > 0 &&
        note.n_descsz <= kLongestBuildId) {
      const ByteView id = notes.subspan(description, note.n_descsz);
      return {id.begin(), id.end()};
    }
    notes = notes.subspan(std::min<std::uint64_t>(padded(end), notes.size()));
  }
  return {};
}

}  // namespace

std::optional<ElfFile> ElfFile::open(int fd) {
  struct stat status;
  if (::fstat(fd, &status) != 0) throw_errno("fstat of a binary to analyse");
  if (!S_ISREG(status.st_mode)) return std::nullopt;

  Elf64_Ehdr header;
  const ssize_t got = ::pread(fd, &header, sizeof header, 0);
  if (got < 0) throw_errno("read of a binary to analyse");
  if (got != sizeof header || !is_supported(header)) return std::nullopt;

  ElfFile file(fd, std::uint64_t(status.st_size));
  file.fixed_address_ = header.e_type == ET_EXEC;
  if (header.e_phentsize == sizeof(Elf64_Phdr)) {
    const Bytes table = file.read(header.e_phoff, header.e_phnum * sizeof(Elf64_Phdr));
    for (std::size_t i = 0; i < table.size() / sizeof(Elf64_Phdr); ++i) {
      const auto raw = copy_at<Elf64_Phdr>(table, i);
      ElfSegment segment{raw.p_type,   raw.p_flags, raw.p_vaddr, raw.p_offset,
                         raw.p_filesz, raw.p_align, raw.p_memsz};
      file.cut(segment.offset, segment.size);
      if (segment.address + segment.size < segment.address) segment.size = 0;
      file.segments_.push_back(segment);
    }
  }
  if (header.e_shentsize == sizeof(Elf64_Shdr)) {
    const Bytes table = file.read(header.e_shoff, header.e_shnum * sizeof(Elf64_Shdr));
    for (std::size_t i = 0; i < table.size() / sizeof(Elf64_Shdr); ++i) {
      const auto raw = copy_at<Elf64_Shdr>(table, i);
      ElfSection section{raw.sh_type,   raw.sh_flags, raw.sh_addr,
                         raw.sh_offset, raw.sh_size,  raw.sh_name};
      if (section.type == SHT_NOBITS || section.type == SHT_NULL) section.size = 0;
      file.cut(section.offset, section.size);
      file.sections_.push_back(section);
    }
    if (header.e_shstrndx < file.sections_.size()) {
      const ElfSection& names = file.sections_[header.e_shstrndx];
      file.section_names_ = file.read(names.offset, std::min(names.size, kMostNames));
    }
  }
  return file;
}

void ElfFile::cut(std::uint64_t& offset, std::uint64_t& size) const {
  offset = std::min(offset, file_size_);
  size = std::min(size, file_size_ - offset);
}

const ElfSegment* ElfFile::segment_at(std::uint64_t address) const {
  for (const ElfSegment& segment : segments_)
    if (segment.type == PT_LOAD && segment.contains(address)) return &segment;
  return nullptr;
}

const ElfSection* ElfFile::section_named(std::string_view name) const {
  const std::string_view names(reinterpret_cast<const char*>(section_names_.data()),
                               section_names_.size());
  for (const ElfSection& section : sections_) {
    if (section.name >= names.size()) continue;
    const std::string_view rest = names.substr(section.name);
    if (rest.substr(0, rest.find('\0')) == name) return &section;
  }
  return nullptr;
}

Bytes ElfFile::read(std::uint64_t offset, std::uint64_t size) const {
  cut(offset, size);
  Bytes bytes(size);
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got =
        ::pread(fd_, bytes.data() + done, bytes.size() - done, off_t(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    done += std::size_t(got);
  }
  bytes.resize(done);
  return bytes;
}

Bytes ElfFile::read_at(std::uint64_t address, std::uint64_t size) const {
  const ElfSegment* segment = segment_at(address);
  if (!segment) return {};
  const std::uint64_t skipped = address - segment->address;
  return read(segment->offset + skipped, std::min(size, segment->size - skipped));
}

Bytes ElfFile::build_id() const {
  for (const ElfSegment& segment : segments_) {
    if (segment.type != PT_NOTE) continue;
    const Bytes notes = read(segment.offset, std::min(segment.size, kMostNotes));
    Bytes id = build_id_in(notes, segment.align == 8 ? 8 : 4);
    if (!id.empty()) return id;
  }
  return {};
}

}  // namespace ttrace
