#include "rewrite/relocate.h"

#include <algorithm>
#include <array>

namespace ttrace {
namespace {

constexpr std::array kSilent = {
    ZYDIS_MNEMONIC_ADD,     ZYDIS_MNEMONIC_SUB,   ZYDIS_MNEMONIC_ADC,    ZYDIS_MNEMONIC_SBB,
    ZYDIS_MNEMONIC_CMP,     ZYDIS_MNEMONIC_TEST,  ZYDIS_MNEMONIC_AND,    ZYDIS_MNEMONIC_OR,
    ZYDIS_MNEMONIC_XOR,     ZYDIS_MNEMONIC_INC,   ZYDIS_MNEMONIC_DEC,    ZYDIS_MNEMONIC_NEG,
    ZYDIS_MNEMONIC_NOT,     ZYDIS_MNEMONIC_MOV,   ZYDIS_MNEMONIC_MOVZX,  ZYDIS_MNEMONIC_MOVSX,
    ZYDIS_MNEMONIC_MOVSXD,  ZYDIS_MNEMONIC_LEA,   ZYDIS_MNEMONIC_SHL,    ZYDIS_MNEMONIC_SHR,
    ZYDIS_MNEMONIC_SAR,     ZYDIS_MNEMONIC_ROL,   ZYDIS_MNEMONIC_ROR,    ZYDIS_MNEMONIC_IMUL,
    ZYDIS_MNEMONIC_BT,      ZYDIS_MNEMONIC_BSWAP, ZYDIS_MNEMONIC_CDQ,    ZYDIS_MNEMONIC_CDQE,
    ZYDIS_MNEMONIC_CQO,     ZYDIS_MNEMONIC_SETZ,  ZYDIS_MNEMONIC_SETNZ,  ZYDIS_MNEMONIC_CMOVZ,
    ZYDIS_MNEMONIC_CMOVNZ,  ZYDIS_MNEMONIC_CMOVB, ZYDIS_MNEMONIC_CMOVNB, ZYDIS_MNEMONIC_CMOVBE,
    ZYDIS_MNEMONIC_CMOVNBE, ZYDIS_MNEMONIC_CMOVL, ZYDIS_MNEMONIC_CMOVNL, ZYDIS_MNEMONIC_CMOVLE,
    ZYDIS_MNEMONIC_CMOVNLE, ZYDIS_MNEMONIC_CMOVS, ZYDIS_MNEMONIC_CMOVNS, ZYDIS_MNEMONIC_NOP,
};

}  // namespace

bool can_move(const Instruction& instruction, const ZydisDecodedInstruction& d) {
  if (instruction.flow != Flow::next) return false;
  if (d.attributes & (ZYDIS_ATTRIB_IS_PRIVILEGED | ZYDIS_ATTRIB_HAS_ADDRESSSIZE)) return false;
  switch (d.meta.category) {
    case ZYDIS_CATEGORY_SYSCALL:
    case ZYDIS_CATEGORY_SYSTEM:
    case ZYDIS_CATEGORY_INTERRUPT:
    case ZYDIS_CATEGORY_IO:
    case ZYDIS_CATEGORY_IOSTRINGOP:
    case ZYDIS_CATEGORY_RDRAND:
    case ZYDIS_CATEGORY_RDSEED:
    case ZYDIS_CATEGORY_CET:
    case ZYDIS_CATEGORY_X87_ALU:  // its environment shows where the last instruction was
    case ZYDIS_CATEGORY_XSAVE:
    case ZYDIS_CATEGORY_XSAVEOPT:
      return false;
    default:
      break;
  }
  switch (d.mnemonic) {
    case ZYDIS_MNEMONIC_CPUID:
    case ZYDIS_MNEMONIC_RDTSC:
    case ZYDIS_MNEMONIC_RDTSCP:
    case ZYDIS_MNEMONIC_RDPMC:
    case ZYDIS_MNEMONIC_RDPID:
    case ZYDIS_MNEMONIC_XGETBV:
    case ZYDIS_MNEMONIC_PUSHFQ:
    case ZYDIS_MNEMONIC_POPFQ:
    case ZYDIS_MNEMONIC_XBEGIN:
    case ZYDIS_MNEMONIC_XEND:
    case ZYDIS_MNEMONIC_XABORT:
      return false;
    default:
      return true;
  }
}

bool cannot_fault(const ZydisDecodedInstruction& d) {
  if (std::find(kSilent.begin(), kSilent.end(), d.mnemonic) == kSilent.end()) return false;
  if (d.attributes & ZYDIS_ATTRIB_HAS_LOCK) return false;
  if (d.mnemonic == ZYDIS_MNEMONIC_LEA || d.mnemonic == ZYDIS_MNEMONIC_NOP) return true;
  // MOV has forms with a 64-bit address or a segment or control register and no memory in ModRM.
  if (d.mnemonic == ZYDIS_MNEMONIC_MOV &&
      !(d.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT &&
        ((d.opcode >= 0x88 && d.opcode <= 0x8b) || (d.opcode >= 0xb0 && d.opcode <= 0xbf) ||
         d.opcode == 0xc6 || d.opcode == 0xc7)))
    return false;
  return !has_memory_operand(d);
}

}  // namespace ttrace
