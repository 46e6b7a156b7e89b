#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "rewrite/control_flow.h"
#include "rewrite/text_patch.h"

namespace ttrace {

/// A short branch with neighbours that together have room for a jump, in order.
struct Neighbours {
  struct Part {
    Instruction instruction;
    ZydisDecodedInstruction details;
    ByteView bytes;
  };
  std::vector<Part> parts;
  std::size_t branch = 0;  ///< index of the branch in `parts`

  std::uint64_t begin() const { return parts.front().instruction.address; }
  std::uint64_t end() const { return parts.back().instruction.end(); }
};

/// Empty unless it is proven that nothing leads to any of the instructions but the first and that
/// none of the neighbours can fault.
std::optional<Neighbours> find_neighbours(const CodeImage& image, const ControlFlow& flow,
                                          const TextPatch& patch, const Transfer& branch);

}  // namespace ttrace
