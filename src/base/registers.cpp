#include "base/registers.h"

#include <initializer_list>

#include "base/register_digest.h"

namespace ttrace {

std::uint32_t digest_of(const GeneralRegisters& regs) {
  RegisterDigest digest;
  for (const std::uint64_t word :
       {regs.r15, regs.r14, regs.r13, regs.r12, regs.rbp, regs.rbx, regs.r10, regs.r9, regs.r8,
        regs.rdx, regs.rsi, regs.rdi, regs.rip, regs.rsp}) {
    digest.add(word);
  }
  return digest.value();
}

}  // namespace ttrace
