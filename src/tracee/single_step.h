#pragma once

#include "base/registers.h"
#include "base/types.h"
#include "tracee/memory.h"

namespace ttrace {

/// The flag by which a thread is stepped is still set, and would stop it when it runs: after a popf
/// the kernel takes it for the program's own (enable_single_step in arch/x86/kernel/step.c).
/// Setting the registers without it clears it.
bool shows_trap_flag(const GeneralRegisters& regs);

/// A single step must not show in the program, but the flag that makes it does: in what pushf
/// stores, and in r11 after a system call (AMD64 manual, SYSCALL). Takes it out after a step that
/// began at `from` and ended with `regs`.
void hide_trap_flag(const Memory& memory, Address from, GeneralRegisters& regs);

}  // namespace ttrace
