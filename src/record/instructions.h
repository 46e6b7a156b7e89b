#pragma once

#include <cstdint>
#include <optional>

#include "base/cpu_features.h"
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

/// Executes rdtsc or rdtscp here, on the CPU that the tracee is pinned to too.
InstructionEvent execute_here(InstructionEvent::Kind kind, Address rip, std::uint8_t length);

/// CPUID that gave this.
InstructionEvent cpuid_event(Address rip, std::uint8_t length, const CpuidResult& result);

/// RDRAND or RDSEED at a patched site, with the kernel's random numbers; always succeeds (CF=1).
InstructionEvent draw_random(const Site& site, Address rip, const GeneralRegisters& regs);

}  // namespace ttrace
