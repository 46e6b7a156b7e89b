#include "tracee/single_step.h"

#include <array>

namespace ttrace {
namespace {

constexpr std::uint64_t kTrapFlag = 0x100;

bool is_prefix(std::byte b) {
  constexpr std::byte kOperandSize{0x66};
  constexpr std::byte kRex{0x40};
  return b == kOperandSize || (b & std::byte(0xf0)) == kRex;
}

}  // namespace

bool shows_trap_flag(const GeneralRegisters& regs) { return (regs.eflags & kTrapFlag) != 0; }

void hide_trap_flag(const Memory& memory, Address from, GeneralRegisters& regs) {
  regs.eflags &= ~kTrapFlag;
  constexpr std::byte kPushFlags{0x9c};
  constexpr std::array kSyscall = {std::byte(0x0f), std::byte(0x05)};
  std::array<std::byte, 4> code{};
  const std::size_t size = memory.read(from, code);
  std::size_t at = 0;
  while (at < size && is_prefix(code[at])) ++at;
  if (at < size && code[at] == kPushFlags) {
    std::uint16_t flags = 0;  // the flag is in the lower half, whatever was pushed
    const Address top(regs.rsp);
    if (memory.read_value(top, flags)) {
      flags = std::uint16_t(flags & ~kTrapFlag);
      memory.write(top, bytes_of(flags));
    }
  }
  if (at + 1 < size && code[at] == kSyscall[0] && code[at + 1] == kSyscall[1]) {
    regs.r11 &= ~kTrapFlag;
  }
}

}  // namespace ttrace
