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
  unsigned contradicted = 0;
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

/// Positions in `bytes` at which the opcode bytes of a site may begin (0F A2; 0F C7 F0 to FF), to
/// choose which functions are worth decoding. Prefixes come before the position. The last two
/// bytes are not looked at.
void find_candidates(ByteView bytes, std::uint64_t base, std::vector<std::uint64_t>& found);

}  // namespace ttrace
