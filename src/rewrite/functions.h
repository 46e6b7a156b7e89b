#pragma once

#include <cstdint>
#include <vector>

#include "rewrite/elf_file.h"

namespace ttrace {

/// Where a function lies, in virtual addresses as linked.
struct FunctionRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t exceptions = 0;  ///< its table in .gcc_except_table; 0 if it has none
};

/// The functions that the unwind tables describe: from the search table of .eh_frame_hdr, else by
/// walking .eh_frame. Ascending; may overlap in a damaged file. Entries that make no sense are left
/// out, and so are signal trampolines.
std::vector<FunctionRange> functions_from_eh_frame(const ElfFile& file);

/// The function symbols of .symtab and .dynsym, ascending. A symbol of unknown size ends where it
/// begins.
std::vector<FunctionRange> functions_from_symbols(const ElfFile& file);

}  // namespace ttrace
