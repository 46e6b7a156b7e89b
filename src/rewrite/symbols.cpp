#include <elf.h>

#include <algorithm>
#include <cstring>

#include "rewrite/functions.h"

namespace ttrace {
namespace {

// 10 million symbols, more than the largest browsers have.
constexpr std::uint64_t kMostSymbolBytes = std::uint64_t(256) << 20;

bool is_function(const Elf64_Sym& symbol) {
  const int type = ELF64_ST_TYPE(symbol.st_info);
  return (type == STT_FUNC || type == STT_GNU_IFUNC) && symbol.st_shndx != SHN_UNDEF;
}

}  // namespace

std::vector<FunctionRange> functions_from_symbols(const ElfFile& file) {
  std::vector<FunctionRange> functions;
  std::uint64_t budget = kMostSymbolBytes;
  for (const ElfSection& section : file.sections()) {
    if (section.type != SHT_SYMTAB && section.type != SHT_DYNSYM) continue;
    const Bytes table = file.read(section.offset, std::min(section.size, budget));
    budget -= table.size();
    for (std::size_t at = 0; at + sizeof(Elf64_Sym) <= table.size(); at += sizeof(Elf64_Sym)) {
      Elf64_Sym symbol;
      std::memcpy(&symbol, table.data() + at, sizeof symbol);
      if (!is_function(symbol)) continue;
      const std::uint64_t end = symbol.st_value + symbol.st_size;
      functions.push_back({symbol.st_value, std::max(end, symbol.st_value)});
    }
  }
  std::sort(functions.begin(), functions.end(),
            [](const FunctionRange& a, const FunctionRange& b) { return a.begin < b.begin; });
  return functions;
}

}  // namespace ttrace
