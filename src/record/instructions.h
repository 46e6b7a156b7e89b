#pragma once

#include <array>
#include <map>
#include <optional>
#include <tuple>

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

/// Who asks cpuid, and what for.
struct Asker {
  /// It chooses its lazy-binding trampoline by the answer.
  bool is_loader = false;
  /// It shall use nothing beyond x86-64-v2.
  bool portable = false;
};

/// What cpuid answered, by CPU: on a virtual machine executing it costs more than the stop that led
/// here. Reusable from one recording to the next.
class CpuidAnswers {
 public:
  /// eax, ebx, ecx, edx on the CPU that the caller is pinned to.
  const std::array<std::uint32_t, 4>& get(std::uint32_t leaf, std::uint32_t subleaf);

 private:
  std::map<std::tuple<int, std::uint32_t, std::uint32_t>, std::array<std::uint32_t, 4>> known_;
};

/// Executes cpuid, rdtsc or rdtscp here, on the CPU that the tracee is pinned to too, for a thread
/// with these registers. Features whose use a replay could not repeat are hidden: RTM and HLE
/// (aborts), RDPID (the CPU's number), WAITPKG; from the loader also the size of the XSAVE state:
/// then its trampoline uses FXSAVE, whose image is the same on every CPU and has no in-use mask
/// that depends on history. Intel SDM volume 2, CPUID.
InstructionEvent execute_here(InstructionEvent::Kind kind, Address rip, std::uint8_t length,
                              const GeneralRegisters& regs, Asker asker, CpuidAnswers& answers);

/// RDRAND or RDSEED at a patched site, with the kernel's random numbers; always succeeds (CF=1).
InstructionEvent draw_random(const Site& site, Address rip, const GeneralRegisters& regs);

}  // namespace ttrace
