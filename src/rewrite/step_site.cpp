#include "rewrite/step_site.h"

#include <array>
#include <span>

#include "rewrite/decode.h"

namespace ttrace {
namespace {

bool enters_kernel(const ZydisDecodedInstruction& instruction) {
  switch (instruction.mnemonic) {
    case ZYDIS_MNEMONIC_SYSCALL:
    case ZYDIS_MNEMONIC_SYSENTER:
    case ZYDIS_MNEMONIC_INT:
    case ZYDIS_MNEMONIC_INT1:
    case ZYDIS_MNEMONIC_INT3:
      return true;
    default:
      return false;
  }
}

/// It has a memory operand, of which it makes nothing.
bool names_memory_only(const ZydisDecodedInstruction& instruction) {
  switch (instruction.meta.category) {
    case ZYDIS_CATEGORY_NOP:
    case ZYDIS_CATEGORY_WIDENOP:
    case ZYDIS_CATEGORY_PREFETCH:
      return true;
    default:
      return false;
  }
}

bool is_thread_local(const ZydisDecodedOperand& operand) {
  return operand.mem.segment == ZYDIS_REGISTER_FS || operand.mem.segment == ZYDIS_REGISTER_GS;
}

/// Frames of a few calls, and the red zone below them (System V ABI, x86-64).
bool is_near_top_of_stack(Address at, const GeneralRegisters& regs) {
  constexpr std::uint64_t kRedZone = 128;
  constexpr std::uint64_t kFrames = 32 << 10;
  return at.value() + kRedZone >= regs.rsp && at.value() < regs.rsp + kFrames;
}

std::uint64_t value_of(ZydisRegister reg, const GeneralRegisters& regs) {
  if (reg == ZYDIS_REGISTER_NONE) return 0;
  return register_at(regs, register_of_encoding(unsigned(ZydisRegisterGetId(reg))));
}

/// Where an operand lies; none for what this does not know (32-bit addressing).
std::optional<Address> address_of(const ZydisDecodedInstruction& instruction,
                                  const ZydisDecodedOperand& operand,
                                  const GeneralRegisters& regs) {
  if (instruction.address_width != 64) return {};
  const auto& memory = operand.mem;
  const auto displacement = std::uint64_t(memory.disp.has_displacement ? memory.disp.value : 0);
  if (memory.base == ZYDIS_REGISTER_RIP) {
    return Address(regs.rip + instruction.length + displacement);
  }
  const std::uint64_t index = value_of(memory.index, regs) * memory.scale;
  return Address(value_of(memory.base, regs) + index + displacement);
}

bool is_small(unsigned bits) { return bits == 8 || bits == 16 || bits == 32 || bits == 64; }

}  // namespace

StepSite StepSiteDecoder::decode(ByteView code, const GeneralRegisters& regs) const {
  ZydisDecodedInstruction instruction;
  std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT> operands;
  StepSite site;
  if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder_, code.data(), code.size(), &instruction,
                                           operands.data()))) {
    site.enters_kernel = true;
    return site;
  }
  site.enters_kernel = enters_kernel(instruction);
  if (names_memory_only(instruction)) return site;
  const bool is_locked = (instruction.attributes & ZYDIS_ATTRIB_HAS_LOCK) ||
                         instruction.mnemonic == ZYDIS_MNEMONIC_XCHG;
  for (const auto& operand : std::span(operands).first(instruction.operand_count)) {
    if (operand.type != ZYDIS_OPERAND_TYPE_MEMORY || operand.mem.type != ZYDIS_MEMOP_TYPE_MEM) {
      continue;
    }
    if (is_thread_local(operand)) continue;
    const std::optional<Address> at = address_of(instruction, operand, regs);
    if (at && is_near_top_of_stack(*at, regs)) continue;
    site.touches_shared = true;
    const bool changes = (operand.actions & ZYDIS_OPERAND_ACTION_MASK_READ) &&
                         (operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE);
    if (at && changes && !is_locked && is_small(operand.size)) {
      site.read_modify_write = SmallOperand{*at, std::uint8_t(operand.size / 8)};
    }
  }
  return site;
}

}  // namespace ttrace
