#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "rewrite/sites.h"

namespace ttrace {

/// What linear decoding of one function found.
struct DecodedFunction {
  std::vector<Site> sites;    ///< ascending
  std::uint64_t decoded = 0;  ///< bytes until the end or the first invalid instruction
  /// Sites left out because a branch of the same function leads into their middle: one of the two
  /// readings is wrong, and patching data would be worse than missing an instruction.
  std::vector<Site> contradicted;
};

/// The site that an instruction at the beginning of `code` is, if it is one.
std::optional<Site> site_at(ByteView code, std::uint64_t file_offset);

/// Decodes from the first byte of `code`, which must be the beginning of a function and lies at
/// `file_offset`. Code is followed as it lies, not as it runs. A jump table between the
/// instructions can put the decoder out of step for a few instructions; compilers for x86-64 keep
/// tables in .rodata, and hand-written ones follow the function's end.
DecodedFunction decode_function(ByteView code, std::uint64_t file_offset);

/// The index in GeneralRegisters of the register with a number (0 to 15) in instructions.
std::uint8_t register_of_encoding(unsigned number);

/// Whether `code` reads like instructions as far as the next return or jump. For warnings only:
/// tells tables of numbers between functions from functions that nothing describes. Most data
/// meets an invalid or privileged instruction first.
bool reads_like_code(ByteView code);

/// Where the opcode bytes of a site may begin. Prefixes come before it.
struct Candidate {
  std::uint64_t at = 0;
  bool reads_counter = false;  ///< 0F 31, 0F 01 F9; not: 0F A2, 0F C7 F0 to FF
};

/// Candidates in `bytes`, to choose which functions are worth decoding. The last two bytes are not
/// looked at.
void find_candidates(ByteView bytes, std::uint64_t base, std::vector<Candidate>& found);

}  // namespace ttrace
