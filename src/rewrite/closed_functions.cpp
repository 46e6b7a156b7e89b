#include "rewrite/closed_functions.h"

namespace ttrace {
namespace {

constexpr int kMostDepth = 100;
constexpr unsigned kStackPointer = 4;  // as ModRM encodes registers
constexpr unsigned kFramePointer = 5;

/// The instruction may take the stack to where no caller's frame is, as code that switches contexts
/// does: a return then leads anywhere. `mov %rbp, %rsp` and `lea -8(%rbp), %rsp` do not.
bool may_switch_stacks(const ZydisDecodedInstruction& d) {
  const unsigned reg = d.raw.modrm.reg | d.raw.rex.R << 3;
  const unsigned rm = d.raw.modrm.rm | d.raw.rex.B << 3;
  const unsigned in_opcode = (d.opcode & 7U) | d.raw.rex.B << 3;
  const bool has_register_rm = (d.attributes & ZYDIS_ATTRIB_HAS_MODRM) && d.raw.modrm.mod == 3;
  switch (d.mnemonic) {
    case ZYDIS_MNEMONIC_MOV:
      if (d.opcode == 0x8b) {
        return reg == kStackPointer && !(has_register_rm && rm == kFramePointer);
      }
      if (d.opcode == 0x89) return has_register_rm && rm == kStackPointer && reg != kFramePointer;
      if (d.opcode == 0xc7) return has_register_rm && rm == kStackPointer;
      return d.opcode >= 0xb8 && in_opcode == kStackPointer;
    case ZYDIS_MNEMONIC_LEA:
      return reg == kStackPointer && rm != kFramePointer && rm != kStackPointer;
    case ZYDIS_MNEMONIC_POP:
      return d.opcode != 0x8f && in_opcode == kStackPointer;
    case ZYDIS_MNEMONIC_XCHG:
      return reg == kStackPointer || rm == kStackPointer;
    default:
      return false;
  }
}

}  // namespace

bool ClosedFunctions::is_closed(std::uint64_t begin, int depth) {
  const auto [known, is_new] = known_.try_emplace(begin, false);
  if (!is_new || depth > kMostDepth) return known->second;
  const Function* function = flow_.function_at(begin);
  if (function == nullptr || function->begin != begin) return false;
  const bool closed = look_through(*function, depth);
  return known_[begin] = closed;
}

bool ClosedFunctions::look_through(const Function& function, int depth) {
  if (!function.sound || !function.ends_with_transfer || function.unresolved_jump) return false;
  InstructionDecoder decoder;
  bool pushed = false;  // just before: what a return would then take as its address
  for (std::uint64_t at = function.begin; at < function.end; at = decoder.instruction().end()) {
    if (!decoder.decode(image_.at(at), at)) return false;
    const Instruction& instruction = decoder.instruction();
    const ZydisDecodedInstruction& details = decoder.details();
    switch (instruction.flow) {
      case Flow::indirect_jump:
      case Flow::indirect_call:
      case Flow::stop:
        return false;
      case Flow::ret:
        if (pushed) return false;
        break;
      case Flow::next:
        if (details.mnemonic == ZYDIS_MNEMONIC_SYSCALL || may_switch_stacks(details)) return false;
        break;
      case Flow::call:
        if (!is_closed(instruction.target, depth + 1)) return false;
        break;
      case Flow::jump:
      case Flow::branch:
      case Flow::loop: {
        const bool stays =
            instruction.target >= function.begin && instruction.target < function.end;
        if (!stays && !is_closed(instruction.target, depth + 1)) return false;
        break;
      }
    }
    pushed = details.mnemonic == ZYDIS_MNEMONIC_PUSH;
  }
  return true;
}

}  // namespace ttrace
