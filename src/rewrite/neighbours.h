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

/// Empty unless it is proven that nothing leads to any of the instructions but the first.
/// Neighbours that cannot fault are preferred; those that access memory may, and then the table of
/// places says where.
std::optional<Neighbours> find_neighbours(const CodeImage& image, const ControlFlow& flow,
                                          const TextPatch& patch, const Transfer& branch);

}  // namespace ttrace
