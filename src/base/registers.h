#pragma once

#include <sys/user.h>

#include <cstdint>

namespace ttrace {

/// The general registers of a thread as ptrace gives them (x86-64, PTRACE_GETREGS): 27 words,
/// orig_rax, fs_base and gs_base among them.
using GeneralRegisters = user_regs_struct;

/// How many words GeneralRegisters has; an index below this names a register.
inline constexpr unsigned kRegisterCount = sizeof(GeneralRegisters) / sizeof(std::uint64_t);
static_assert(kRegisterCount == 27);

inline std::uint64_t& register_at(GeneralRegisters& regs, unsigned index) {
  return reinterpret_cast<std::uint64_t*>(&regs)[index];
}
inline std::uint64_t register_at(const GeneralRegisters& regs, unsigned index) {
  return reinterpret_cast<const std::uint64_t*>(&regs)[index];
}

/// The register of a system call's argument, 0 to 5 (syscall(2), x86-64).
inline std::uint64_t& syscall_argument(GeneralRegisters& regs, unsigned index) {
  unsigned long long* const places[] = {&regs.rdi, &regs.rsi, &regs.rdx,
                                        &regs.r10, &regs.r8,  &regs.r9};
  return reinterpret_cast<std::uint64_t&>(*places[index]);
}

/// A digest of what user code left in the registers when it entered the kernel, to notice a replay
/// that went another way: every general register except those that the entry itself changes (rax,
/// orig_rax, rcx, r11), the flags and the segments.
std::uint32_t digest_of(const GeneralRegisters& regs);

}  // namespace ttrace
