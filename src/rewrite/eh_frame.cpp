#include <elf.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <unordered_map>

#include "rewrite/dwarf_cursor.h"
#include "rewrite/functions.h"

namespace ttrace {
namespace {

// Unwind tables of the largest real programs are a tenth of this.
constexpr std::uint64_t kMostTableBytes = std::uint64_t(512) << 20;
// "zPLRSB" and the like; the limit keeps a hostile file from making each entry scan a long string.
constexpr int kLongestAugmentation = 8;

/// The contents of .eh_frame: common entries (CIE) and, referring back to them, one entry (FDE) for
/// each function.
class EhFrame {
 public:
  EhFrame(Bytes bytes, std::uint64_t address) : bytes_(std::move(bytes)), address_(address) {}

  bool empty() const { return bytes_.empty(); }

  /// The function of the entry at a virtual address; empty if that is no sound FDE, or that of a
  /// signal trampoline, which begins a byte early (unwinders that do not know of trampolines look
  /// before the address that a frame returns to).
  std::optional<FunctionRange> function_at(std::uint64_t entry) {
    if (entry < address_ || entry - address_ >= bytes_.size()) return std::nullopt;
    Cursor cursor(bytes_, address_, entry - address_);
    const auto length = cursor.fixed<std::uint32_t>();
    const std::uint64_t id_position = cursor.position();
    const auto id = cursor.fixed<std::uint32_t>();
    // id counts back from itself to the CIE; 0 is a CIE. An extended length (all ones) is written
    // by no compiler for x86-64.
    if (!cursor.ok() || length < 4 || length == ~0u || id == 0 || id > id_position)
      return std::nullopt;
    const std::optional<Encodings> encodings = encodings_of(id_position - id);
    if (!encodings || encodings->of_trampolines) return std::nullopt;
    const std::uint64_t begin = cursor.pointer(encodings->function);
    const std::uint64_t size = cursor.pointer(encodings->function & kFormatMask);
    if (!cursor.ok() || size == 0 || begin + size < begin) return std::nullopt;
    FunctionRange function{begin, begin + size, 0};
    if (encodings->exceptions != kOmitted) {
      cursor.leb128(false);  // length of the augmentation data
      // A null pointer is written as 0, whatever it would be relative to.
      Cursor raw = cursor;
      const bool has_table = raw.pointer(encodings->exceptions & kFormatMask) != 0;
      const std::uint64_t table = cursor.pointer(encodings->exceptions);
      if (cursor.ok() && has_table) function.exceptions = table;
    }
    return function;
  }

  /// All functions, entry by entry. A zero length ends the table; where `to_the_end` is known to be
  /// the end of the section it does not (objects linked in an odd order leave zeros inside).
  std::vector<FunctionRange> walk(bool to_the_end) {
    std::vector<FunctionRange> functions;
    Cursor cursor(bytes_, address_);
    while (cursor.left() >= 4) {
      const std::uint64_t entry = address_ + cursor.position();
      std::uint64_t length = cursor.fixed<std::uint32_t>();
      if (length == 0 && !to_the_end) break;
      if (length == ~0u) length = cursor.fixed<std::uint64_t>();
      cursor.skip(length);
      if (!cursor.ok()) break;
      if (const auto function = function_at(entry)) functions.push_back(*function);
    }
    return functions;
  }

 private:
  /// How the FDEs of a CIE encode pointers: to the function, to its exception table.
  struct Encodings {
    std::uint8_t function = kAbsolute;
    std::uint8_t exceptions = kOmitted;
    bool of_trampolines = false;
  };

  /// Those of the CIE at a position; empty if it cannot be understood.
  std::optional<Encodings> encodings_of(std::uint64_t position) {
    const auto [known, is_new] = encodings_.try_emplace(position);
    if (is_new) known->second = parse_cie(position);
    return known->second;
  }

  std::optional<Encodings> parse_cie(std::uint64_t position) const {
    Cursor cursor(bytes_, address_, position);
    const auto length = cursor.fixed<std::uint32_t>();
    const auto id = cursor.fixed<std::uint32_t>();
    const auto version = cursor.fixed<std::uint8_t>();
    if (!cursor.ok() || length == ~0u || id != 0) return std::nullopt;
    if (version != 1 && version != 3 && version != 4) return std::nullopt;

    std::string augmentation;
    while (const auto c = cursor.fixed<char>()) {
      augmentation += c;
      if (augmentation.size() > kLongestAugmentation) return std::nullopt;
    }
    if (version == 4) cursor.skip(2);  // sizes of an address and of a segment selector
    cursor.leb128(false);              // code alignment
    cursor.leb128(true);               // data alignment
    if (version == 1)
      cursor.skip(1);  // return address register
    else
      cursor.leb128(false);
    if (!cursor.ok()) return std::nullopt;
    Encodings encodings;
    if (augmentation.empty()) return encodings;
    if (augmentation[0] != 'z') return std::nullopt;

    cursor.leb128(false);  // length of the augmentation data
    for (const char c : augmentation.substr(1)) {
      if (c == 'R') encodings.function = cursor.fixed<std::uint8_t>();
      if (c == 'S') encodings.of_trampolines = true;
      if (c == 'L') encodings.exceptions = cursor.fixed<std::uint8_t>();
      if (c == 'P') {  // personality routine: only its size matters here
        const auto encoding = cursor.fixed<std::uint8_t>();
        cursor.pointer(encoding & kFormatMask);
      }
      if (!cursor.ok()) return std::nullopt;
    }
    return encodings;
  }

  Bytes bytes_;
  std::uint64_t address_;
  std::unordered_map<std::uint64_t, std::optional<Encodings>> encodings_;
};

/// .eh_frame from an address to the end of its segment.
EhFrame frame_at(const ElfFile& file, std::uint64_t address) {
  const ElfSegment* segment = file.segment_at(address);
  if (!segment) return {{}, address};
  const std::uint64_t skipped = address - segment->address;
  return {file.read(segment->offset + skipped, std::min(segment->size - skipped, kMostTableBytes)),
          address};
}

/// From the header's search table, or by a walk from where the header points.
std::vector<FunctionRange> from_header(const ElfFile& file, const ElfSegment& segment) {
  const Bytes bytes = file.read(segment.offset, std::min(segment.size, kMostTableBytes));
  Cursor cursor(bytes, segment.address);
  const auto version = cursor.fixed<std::uint8_t>();
  const auto frame_encoding = cursor.fixed<std::uint8_t>();
  const auto count_encoding = cursor.fixed<std::uint8_t>();
  const auto table_encoding = cursor.fixed<std::uint8_t>();
  const std::uint64_t frame_address = cursor.pointer(frame_encoding, segment.address);
  if (!cursor.ok() || version != 1) return {};
  EhFrame frame = frame_at(file, frame_address);
  if (frame.empty()) return {};

  std::vector<FunctionRange> functions;
  if (table_encoding == kSearchTable) {
    const std::uint64_t count = cursor.pointer(count_encoding, segment.address);
    for (std::uint64_t i = 0; i < count && cursor.left() >= 8; ++i) {
      const std::uint64_t begin = cursor.pointer(kSearchTable, segment.address);
      const std::uint64_t entry = cursor.pointer(kSearchTable, segment.address);
      const auto function = frame.function_at(entry);
      if (function && function->begin == begin) functions.push_back(*function);
    }
  }
  return functions.empty() ? frame.walk(false) : functions;
}

std::vector<FunctionRange> from_section(const ElfFile& file) {
  const ElfSection* section = file.section_named(".eh_frame");
  if (!section) return {};
  EhFrame frame(file.read(section->offset, std::min(section->size, kMostTableBytes)),
                section->address);
  return frame.walk(true);
}

}  // namespace

std::vector<FunctionRange> functions_from_eh_frame(const ElfFile& file) {
  std::vector<FunctionRange> functions;
  for (const ElfSegment& segment : file.segments()) {
    if (segment.type != PT_GNU_EH_FRAME) continue;
    functions = from_header(file, segment);
    break;
  }
  if (functions.empty()) functions = from_section(file);
  std::sort(functions.begin(), functions.end(),
            [](const FunctionRange& a, const FunctionRange& b) { return a.begin < b.begin; });
  return functions;
}

}  // namespace ttrace
