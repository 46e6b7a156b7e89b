#pragma once

#include <cstdint>
#include <vector>

#include "rewrite/control_flow.h"
#include "rewrite/elf_file.h"

namespace ttrace {

/// A word that the loader fills with the address of a symbol or of what a resolver chooses.
struct LinkedSlot {
  std::uint64_t address = 0;
  /// The symbol is defined in the same binary, so that a transfer through the slot may lead back
  /// into it.
  bool own = false;
};

/// What the dynamic section says; everything empty for a static binary without relocations.
struct Relocations {
  std::vector<LinkedSlot> slots;        ///< ascending
  std::vector<std::uint64_t> pointers;  ///< addresses in the image that relocated words hold

  const LinkedSlot* slot_at(std::uint64_t address) const;
};

Relocations read_relocations(const ElfFile& file);

/// Adds to `flow.targets` what data mentions: relocated words, words that look like addresses (in
/// binaries for a fixed address), landing pads, symbols, jump tables.
void add_entry_points(const ElfFile& file, const CodeImage& image, const Relocations& relocations,
                      ControlFlow& flow);

/// Where a jump table of 32-bit distances ends: at an entry that leads to no instruction, or at the
/// next address that code mentions. Gives the targets.
std::vector<std::uint64_t> read_jump_table(const ElfFile& file, const ControlFlow& flow,
                                           std::uint64_t table);

}  // namespace ttrace
