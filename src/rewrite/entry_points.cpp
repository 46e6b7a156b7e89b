#include "rewrite/entry_points.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "rewrite/dwarf_cursor.h"

namespace ttrace {
namespace {

constexpr std::uint64_t kMostRelocations = std::uint64_t(256) << 20;  // bytes
constexpr std::uint64_t kMostTable = 1 << 16;                         // bytes of one jump table
constexpr std::uint64_t kMostExceptions = std::uint64_t(64) << 20;

template <class T>
T at(ByteView bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

std::map<std::int64_t, std::uint64_t> dynamic_section(const ElfFile& file) {
  std::map<std::int64_t, std::uint64_t> entries;
  for (const ElfSegment& segment : file.segments()) {
    if (segment.type != PT_DYNAMIC) continue;
    const Bytes bytes = file.read(segment.offset, std::min<std::uint64_t>(segment.size, 1 << 16));
    for (std::size_t i = 0; i + sizeof(Elf64_Dyn) <= bytes.size(); i += sizeof(Elf64_Dyn)) {
      const auto entry = at<Elf64_Dyn>(bytes, i);
      if (entry.d_tag == DT_NULL) break;
      entries[entry.d_tag] = entry.d_un.d_val;
    }
  }
  return entries;
}

class RelocationReader {
 public:
  explicit RelocationReader(const ElfFile& file) : file_(file), dynamic_(dynamic_section(file)) {}

  Relocations run() {
    read_table(value(DT_RELA), value(DT_RELASZ));
    read_table(value(DT_JMPREL), value(DT_PLTRELSZ));
    if (dynamic_.empty()) read_sections();
    read_packed(value(DT_RELR), value(DT_RELRSZ));
    std::sort(result_.slots.begin(), result_.slots.end(),
              [](const LinkedSlot& a, const LinkedSlot& b) { return a.address < b.address; });
    return std::move(result_);
  }

 private:
  std::uint64_t value(std::int64_t tag) const {
    const auto found = dynamic_.find(tag);
    return found == dynamic_.end() ? 0 : found->second;
  }

  void read_table(std::uint64_t address, std::uint64_t size) {
    if (address != 0 && size != 0) use(file_.read_at(address, std::min(size, kMostRelocations)));
  }

  /// A static executable has its IRELATIVE entries without a dynamic section.
  void read_sections() {
    for (const ElfSection& section : file_.sections())
      if (section.type == SHT_RELA && section.address != 0)
        use(file_.read(section.offset, std::min(section.size, kMostRelocations)));
  }

  void use(const Bytes& table) {
    for (std::size_t i = 0; i + sizeof(Elf64_Rela) <= table.size(); i += sizeof(Elf64_Rela)) {
      const auto entry = at<Elf64_Rela>(table, i);
      switch (ELF64_R_TYPE(entry.r_info)) {
        case R_X86_64_RELATIVE:
          result_.pointers.push_back(std::uint64_t(entry.r_addend));
          break;
        case R_X86_64_IRELATIVE:
          result_.pointers.push_back(std::uint64_t(entry.r_addend));
          result_.slots.push_back({entry.r_offset, false});
          break;
        case R_X86_64_64:
        case R_X86_64_GLOB_DAT:
        case R_X86_64_JUMP_SLOT: {
          const std::uint64_t symbol = symbol_value(ELF64_R_SYM(entry.r_info));
          if (symbol != 0) result_.pointers.push_back(symbol + std::uint64_t(entry.r_addend));
          if (ELF64_R_TYPE(entry.r_info) != R_X86_64_64)
            result_.slots.push_back({entry.r_offset, symbol != 0});
          break;
        }
        default:
          break;
      }
    }
  }

  /// 0 for a symbol of another binary.
  std::uint64_t symbol_value(std::uint64_t index) {
    const std::uint64_t table = value(DT_SYMTAB);
    if (table == 0) return 0;
    if (symbols_.empty()) symbols_ = file_.read_at(table, kMostRelocations);
    if (index >= symbols_.size() / sizeof(Elf64_Sym)) return 0;
    const auto symbol = at<Elf64_Sym>(symbols_, index * sizeof(Elf64_Sym));
    return symbol.st_shndx == SHN_UNDEF ? 0 : symbol.st_value;
  }

  /// DT_RELR: an address, then bitmaps of the 63 words after it.
  void read_packed(std::uint64_t address, std::uint64_t size) {
    if (address == 0 || size == 0) return;
    const Bytes table = file_.read_at(address, std::min(size, kMostRelocations));
    std::uint64_t place = 0;
    for (std::size_t i = 0; i + 8 <= table.size(); i += 8) {
      const auto entry = at<std::uint64_t>(table, i);
      if ((entry & 1) == 0) {
        add_word(entry);
        place = entry + 8;
        continue;
      }
      for (unsigned bit = 1; bit < 64; ++bit)
        if (entry >> bit & 1) add_word(place + (bit - 1) * 8);
      place += 63 * 8;
    }
  }

  void add_word(std::uint64_t address) {
    const Bytes word = file_.read_at(address, 8);
    if (word.size() == 8) result_.pointers.push_back(at<std::uint64_t>(word, 0));
  }

  const ElfFile& file_;
  const std::map<std::int64_t, std::uint64_t> dynamic_;
  Relocations result_;
  Bytes symbols_;
};

/// Landing pads of one function, as the C++ personality's tables list them.
void add_landing_pads(ByteView tables, std::uint64_t tables_address, const Function& function,
                      AddressSet& targets) {
  if (function.exceptions < tables_address || function.exceptions - tables_address >= tables.size())
    return;
  Cursor cursor(tables, tables_address, function.exceptions - tables_address);
  std::uint64_t base = function.begin;
  if (const auto encoding = cursor.fixed<std::uint8_t>(); encoding != kOmitted)
    base = cursor.pointer(encoding);
  if (cursor.fixed<std::uint8_t>() != kOmitted) cursor.leb128(false);  // types
  const auto encoding = std::uint8_t(cursor.fixed<std::uint8_t>() & kFormatMask);
  const std::uint64_t size = cursor.leb128(false);
  const std::uint64_t end = cursor.position() + size;
  while (cursor.ok() && cursor.position() < end) {
    cursor.pointer(encoding);  // begin of the calls
    cursor.pointer(encoding);  // their size
    const std::uint64_t pad = cursor.pointer(encoding);
    cursor.leb128(false);  // action
    if (cursor.ok() && pad != 0) targets.add(base + pad);
  }
}

void add_exception_tables(const ElfFile& file, ControlFlow& flow) {
  const ElfSegment* segment = nullptr;
  Bytes tables;
  std::uint64_t tables_address = 0;
  for (const Function& function : flow.functions) {
    if (function.exceptions == 0) continue;
    if (!segment || !segment->contains(function.exceptions)) {
      segment = file.segment_at(function.exceptions);
      if (!segment) continue;
      const ElfSection* section = file.section_named(".gcc_except_table");
      const bool known = section && segment->contains(section->address);
      tables_address = known ? section->address : segment->address;
      tables = file.read_at(tables_address, known ? section->size : kMostExceptions);
    }
    add_landing_pads(tables, tables_address, function, flow.targets);
  }
}

void add_words_of_data(const ElfFile& file, const CodeImage& image, AddressSet& targets) {
  for (const ElfSegment& segment : file.segments()) {
    if (segment.type != PT_LOAD) continue;
    const std::uint64_t skip = (8 - segment.address % 8) % 8;
    if (segment.size <= skip) continue;
    file.for_each_piece(segment.offset + skip, segment.size - skip, 0,
                        [&](ByteView piece, std::uint64_t) {
                          for (std::size_t i = 0; i + 8 <= piece.size(); i += 8) {
                            const auto word = at<std::uint64_t>(piece, i);
                            if (word >= image.begin() && word < image.end()) targets.add(word);
                          }
                        });
  }
}

}  // namespace

const LinkedSlot* Relocations::slot_at(std::uint64_t address) const {
  const auto found = std::lower_bound(
      slots.begin(), slots.end(), address,
      [](const LinkedSlot& slot, std::uint64_t value) { return slot.address < value; });
  return found != slots.end() && found->address == address ? &*found : nullptr;
}

Relocations read_relocations(const ElfFile& file) { return RelocationReader(file).run(); }

std::vector<std::uint64_t> read_jump_table(const ElfFile& file, const ControlFlow& flow,
                                           std::uint64_t table) {
  std::vector<std::uint64_t> targets;
  const auto next = std::upper_bound(flow.data_mentioned.begin(), flow.data_mentioned.end(), table);
  const std::uint64_t limit = next == flow.data_mentioned.end()
                                  ? kMostTable
                                  : std::min<std::uint64_t>(*next - table, kMostTable);
  constexpr std::uint64_t kStep = 256;
  for (std::uint64_t done = 0; done < limit; done += kStep) {
    const Bytes bytes = file.read_at(table + done, std::min(kStep, limit - done));
    for (std::size_t i = 0; i + 4 <= bytes.size(); i += 4) {
      const std::uint64_t target = table + std::uint64_t(std::int64_t(at<std::int32_t>(bytes, i)));
      if (!flow.starts.contains(target)) return targets;
      targets.push_back(target);
    }
    if (bytes.size() < kStep) break;
  }
  return targets;
}

void add_entry_points(const ElfFile& file, const CodeImage& image, const Relocations& relocations,
                      ControlFlow& flow) {
  for (const std::uint64_t pointer : relocations.pointers) flow.targets.add(pointer);
  for (const FunctionRange& symbol : functions_from_symbols(file)) flow.targets.add(symbol.begin);
  add_exception_tables(file, flow);
  if (file.fixed_address()) add_words_of_data(file, image, flow.targets);
  // Whatever lies where code points may be a table of distances; that it is none does no harm.
  for (const std::uint64_t mentioned : flow.data_mentioned) {
    if (flow.function_at(mentioned)) continue;
    for (const std::uint64_t target : read_jump_table(file, flow, mentioned))
      flow.targets.add(target);
  }
}

}  // namespace ttrace
