#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "rewrite/control_flow.h"
#include "rewrite/neighbours.h"
#include "rewrite/text_patch.h"

namespace ttrace {

/// The straight way to an instruction that the agent executes in the program's place (SYSCALL,
/// CPUID): instructions that follow each other, the last one right
/// before it. The first has room for a jump and may be replaced by one: whoever comes to a later
/// one finds the text as it was.
using Approach = std::vector<Neighbours::Part>;

/// Empty if there is none that can be copied to a stub.
std::optional<Approach> find_approach(const CodeImage& image, const ControlFlow& flow,
                                      const TextPatch& patch, const Function& function,
                                      std::uint64_t site);

/// Whether the approach leads to a system call that the agent never makes and others look at (the
/// bytes of a signal trampoline tell unwinders what it is).
bool is_never_made(const Approach& approach);

}  // namespace ttrace
