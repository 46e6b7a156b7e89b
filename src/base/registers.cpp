#include "base/registers.h"

namespace ttrace {

std::uint32_t digest_of(const GeneralRegisters& regs) {
  const std::uint64_t words[] = {regs.r15, regs.r14, regs.r13, regs.r12, regs.rbp,
                                 regs.rbx, regs.r10, regs.r9,  regs.r8,  regs.rdx,
                                 regs.rsi, regs.rdi, regs.rip, regs.rsp};
  std::uint64_t hash = 0x9e3779b97f4a7c15;
  for (const std::uint64_t word : words) {
    hash = (hash ^ word) * 0xff51afd7ed558ccd;  // the multiplier of MurmurHash3's finaliser
    hash ^= hash >> 32;
  }
  return std::uint32_t(hash);
}

}  // namespace ttrace
