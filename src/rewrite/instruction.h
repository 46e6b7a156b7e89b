#pragma once

#include <Zydis/Zydis.h>

#include <cstdint>

#include "base/bytes.h"

namespace ttrace {

/// What an instruction does to the program counter.
enum class Flow : std::uint8_t {
  next,           ///< goes on to the next instruction (system calls too)
  jump,           ///< direct, always taken
  branch,         ///< direct, conditional on flags
  loop,           ///< LOOP*, J*CXZ: 8-bit distance only, conditional on rcx
  call,           ///< direct
  indirect_jump,  ///< through a register or memory
  indirect_call,
  ret,
  stop,  ///< UD2, HLT, INT3, far transfers: does not go on, or not in a way followed here
};

/// After such an instruction the next one runs only if something else leads to it.
constexpr bool ends_block(Flow flow) {
  return flow == Flow::jump || flow == Flow::indirect_jump || flow == Flow::ret ||
         flow == Flow::stop;
}
constexpr bool is_direct(Flow flow) {
  return flow == Flow::jump || flow == Flow::branch || flow == Flow::loop || flow == Flow::call;
}

struct Instruction {
  std::uint64_t address = 0;
  std::uint64_t target = 0;  ///< of a direct transfer
  std::uint64_t memory = 0;  ///< what a RIP-relative operand addresses; 0 if there is none
  std::uint8_t length = 0;
  std::uint8_t relative_size = 0;  ///< direct: bytes of the distance, which ends the instruction
  Flow flow = Flow::next;
  bool nop = false;   ///< NOP of any length: padding by its bytes
  bool plain = true;  ///< no prefix that changes what a near transfer means

  std::uint64_t end() const { return address + length; }
};

/// Decodes one instruction after the other; cheap enough to run over whole binaries.
class InstructionDecoder {
 public:
  InstructionDecoder() {
    ZydisDecoderInit(&decoder_, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
  }

  /// False for bytes that are no instruction or only the beginning of one.
  bool decode(ByteView code, std::uint64_t address);

  /// What the last successful decode() found.
  const Instruction& instruction() const { return instruction_; }
  const ZydisDecodedInstruction& details() const { return details_; }

 private:
  ZydisDecoder decoder_;
  ZydisDecodedInstruction details_;
  Instruction instruction_;
};

/// A memory operand addressed relative to the instruction pointer.
inline bool is_rip_relative(const ZydisDecodedInstruction& d) {
  return (d.attributes & ZYDIS_ATTRIB_HAS_MODRM) && d.raw.modrm.mod == 0 && d.raw.modrm.rm == 5 &&
         d.raw.disp.size == 32;
}
inline bool has_memory_operand(const ZydisDecodedInstruction& d) {
  return (d.attributes & ZYDIS_ATTRIB_HAS_MODRM) && d.raw.modrm.mod != 3;
}

}  // namespace ttrace
