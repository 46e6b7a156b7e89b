#pragma once

#include "base/registers.h"
#include "base/types.h"
#include "tracee/memory.h"

namespace ttrace {

/// A single step must not show in the program, but the flag that makes it does: in what pushf
/// stores, and in r11 after a system call (AMD64 manual, SYSCALL). Takes it out after a step that
/// began at `from` and ended with `regs`.
void hide_trap_flag(const Memory& memory, Address from, GeneralRegisters& regs);

}  // namespace ttrace
