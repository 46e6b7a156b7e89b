#pragma once

#include <optional>

#include "rewrite/instruction.h"

namespace ttrace {

/// Whether an instruction can be executed at another place with the same effect and its effect is
/// not an input: no transfer, no system call, nothing that traps or is replaced (RDTSC, CPUID,
/// RDRAND...), no prefix of a kind that hides meaning. It may read and write memory, and fault.
bool can_move(const Instruction& instruction, const ZydisDecodedInstruction& details);

/// Whether it can besides never fault: registers only, and an operation that has no exceptions.
bool cannot_fault(const ZydisDecodedInstruction& details);

}  // namespace ttrace
