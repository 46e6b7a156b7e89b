#pragma once

#include <sys/user.h>

#include <cstddef>
#include <cstdint>

namespace ttrace {

/// The general registers of a thread as ptrace gives them (x86-64, PTRACE_GETREGS): 27 words,
/// orig_rax, fs_base and gs_base among them.
using GeneralRegisters = user_regs_struct;

/// How many words GeneralRegisters has; an index below this names a register.
inline constexpr unsigned kRegisterCount = sizeof(GeneralRegisters) / sizeof(std::uint64_t);
static_assert(kRegisterCount == 27);

/// The type of its words. std::uint64_t is another type of the same size: through a
/// reference to that, the compiler may reorder an access with one that names the register.
using RegisterWord = decltype(GeneralRegisters::rax);
static_assert(sizeof(RegisterWord) == sizeof(std::uint64_t));

/// The index of a register, by its offsetof(GeneralRegisters, NAME).
constexpr std::uint8_t register_index(std::size_t offset) {
  return std::uint8_t(offset / sizeof(RegisterWord));
}

inline constexpr std::uint8_t kRaxIndex = register_index(offsetof(GeneralRegisters, rax));
inline constexpr std::uint8_t kRbxIndex = register_index(offsetof(GeneralRegisters, rbx));
inline constexpr std::uint8_t kRcxIndex = register_index(offsetof(GeneralRegisters, rcx));
inline constexpr std::uint8_t kRdxIndex = register_index(offsetof(GeneralRegisters, rdx));
inline constexpr std::uint8_t kRdiIndex = register_index(offsetof(GeneralRegisters, rdi));
inline constexpr std::uint8_t kFlagsIndex = register_index(offsetof(GeneralRegisters, eflags));

inline RegisterWord& register_at(GeneralRegisters& regs, unsigned index) {
  return reinterpret_cast<RegisterWord*>(&regs)[index];
}
inline RegisterWord register_at(const GeneralRegisters& regs, unsigned index) {
  return reinterpret_cast<const RegisterWord*>(&regs)[index];
}

/// The register of a system call's argument, 0 to 5 (syscall(2), x86-64).
inline RegisterWord& syscall_argument(GeneralRegisters& regs, unsigned index) {
  RegisterWord* const places[] = {&regs.rdi, &regs.rsi, &regs.rdx, &regs.r10, &regs.r8, &regs.r9};
  return *places[index];
}

/// A digest of what user code left in the registers when it entered the kernel, to notice a replay
/// that went another way: every general register except those that the entry itself changes (rax,
/// orig_rax, rcx, r11), the flags and the segments.
std::uint32_t digest_of(const GeneralRegisters& regs);

}  // namespace ttrace
