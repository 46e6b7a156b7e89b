#include "rewrite/instruction.h"

namespace ttrace {
namespace {

Flow flow_of(const ZydisDecodedInstruction& d) {
  const bool direct = d.raw.imm[0].is_relative;
  if (d.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR) return Flow::stop;
  switch (d.meta.category) {
    case ZYDIS_CATEGORY_UNCOND_BR:
      return direct ? Flow::jump : Flow::indirect_jump;
    case ZYDIS_CATEGORY_CALL:
      return direct ? Flow::call : Flow::indirect_call;
    case ZYDIS_CATEGORY_RET:
      return Flow::ret;
    case ZYDIS_CATEGORY_COND_BR:
      switch (d.mnemonic) {
        case ZYDIS_MNEMONIC_JCXZ:
        case ZYDIS_MNEMONIC_JECXZ:
        case ZYDIS_MNEMONIC_JRCXZ:
        case ZYDIS_MNEMONIC_LOOP:
        case ZYDIS_MNEMONIC_LOOPE:
        case ZYDIS_MNEMONIC_LOOPNE:
          return Flow::loop;
        default:
          return Flow::branch;
      }
    default:
      break;
  }
  switch (d.mnemonic) {
    case ZYDIS_MNEMONIC_UD0:
    case ZYDIS_MNEMONIC_UD1:
    case ZYDIS_MNEMONIC_UD2:
    case ZYDIS_MNEMONIC_HLT:
    case ZYDIS_MNEMONIC_INT3:
      return Flow::stop;
    default:
      return Flow::next;
  }
}

}  // namespace

bool InstructionDecoder::decode(ByteView code, std::uint64_t address) {
  ZydisDecoderContext context;
  if (!ZYAN_SUCCESS(
          ZydisDecoderDecodeInstruction(&decoder_, &context, code.data(), code.size(), &details_)))
    return false;
  const ZydisDecodedInstruction& d = details_;
  instruction_ = {};
  instruction_.address = address;
  instruction_.length = d.length;
  instruction_.flow = flow_of(d);
  instruction_.nop = d.mnemonic == ZYDIS_MNEMONIC_NOP;
  if (is_direct(instruction_.flow)) {
    instruction_.target = address + d.length + std::uint64_t(d.raw.imm[0].value.s);
    instruction_.relative_size = d.raw.imm[0].size / 8;
  }
  // 16-bit operands and 32-bit addresses make a transfer another one; XBEGIN is no jump to patch.
  if (instruction_.flow != Flow::next)
    instruction_.plain =
        !(d.attributes & (ZYDIS_ATTRIB_HAS_OPERANDSIZE | ZYDIS_ATTRIB_HAS_ADDRESSSIZE)) &&
        d.mnemonic != ZYDIS_MNEMONIC_XBEGIN;
  if (is_rip_relative(d))
    instruction_.memory = address + d.length + std::uint64_t(d.raw.disp.value);
  return true;
}

}  // namespace ttrace
