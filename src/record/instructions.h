#pragma once

#include <optional>

#include "base/registers.h"
#include "rewrite/sites.h"
#include "trace/event.h"
#include "tracee/memory.h"

namespace ttrace {

/// The instruction at `rip` if it is one that we make fault (PR_SET_TSC; cpuid where the CPU can).
struct TrappedInstruction {
  InstructionEvent::Kind kind;
  std::uint8_t length;
};
std::optional<TrappedInstruction> trapped_instruction(const Memory& memory, Address rip);

/// Whose cpuid it is: the dynamic loader chooses its lazy-binding trampoline by it.
enum class Asker { program, loader };

/// Executes cpuid, rdtsc or rdtscp here, on the CPU that the tracee is pinned to too, for a thread
/// with these registers. Features whose use a replay could not repeat are hidden: RTM and HLE
/// (aborts), RDPID (the CPU's number), WAITPKG; from the loader also XSAVEC (it saves an in-use
/// mask that depends on history). Intel SDM volume 2, CPUID.
InstructionEvent execute_here(InstructionEvent::Kind kind, Address rip, std::uint8_t length,
                              const GeneralRegisters& regs, Asker asker);

/// RDRAND or RDSEED at a patched site, with the kernel's random numbers; always succeeds (CF=1).
InstructionEvent draw_random(const Site& site, Address rip, const GeneralRegisters& regs);

}  // namespace ttrace
