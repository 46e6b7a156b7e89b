#pragma once

#include <optional>
#include <vector>

#include "rewrite/control_flow.h"
#include "rewrite/neighbours.h"
#include "rewrite/text_patch.h"

namespace ttrace {

/// The straight way to a system call instruction: instructions that follow each other, the last one
/// right before it. The first has room for a jump and may be replaced by one: whoever comes to a
/// later one finds the text as it was.
using SystemCallApproach = std::vector<Neighbours::Part>;

/// Empty if there is none that can be copied to a stub, or if the call is one that the agent never
/// makes and others look at (the bytes of a signal trampoline tell unwinders what it is).
std::optional<SystemCallApproach> find_approach(const CodeImage& image, const ControlFlow& flow,
                                                const TextPatch& patch, const Function& function,
                                                std::uint64_t system_call);

}  // namespace ttrace
