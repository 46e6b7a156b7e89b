#include "rewrite/flag_liveness.h"

namespace ttrace {
namespace {

constexpr std::uint32_t kChanged =
    ZYDIS_CPUFLAG_PF | ZYDIS_CPUFLAG_AF | ZYDIS_CPUFLAG_ZF | ZYDIS_CPUFLAG_SF | ZYDIS_CPUFLAG_OF;
constexpr int kMostInstructions = 64;  // on all paths together

/// Shifts by a variable count leave the flags alone when it is zero; so do repeated string
/// comparisons of nothing.
bool always_writes_flags(const ZydisDecodedInstruction& d) {
  switch (d.meta.category) {
    case ZYDIS_CATEGORY_SHIFT:
    case ZYDIS_CATEGORY_ROTATE:
      return d.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT &&
             (d.opcode == 0xd0 || d.opcode == 0xd1 ||
              ((d.opcode == 0xc0 || d.opcode == 0xc1) && (d.raw.imm[0].value.u & 0x1f) != 0));
    case ZYDIS_CATEGORY_STRINGOP:
      return false;
    default:
      return d.mnemonic != ZYDIS_MNEMONIC_SHLD && d.mnemonic != ZYDIS_MNEMONIC_SHRD;
  }
}

class Walk {
 public:
  Walk(const CodeImage& image, const ControlFlow& flow) : image_(image), flow_(flow) {}

  bool dead(std::uint64_t address, std::uint32_t live) {
    while (left_-- > 0) {
      // Only what the linear pass read as an instruction.
      if (!flow_.starts.contains(address)) return false;
      if (!decoder_.decode(image_.at(address), address)) return false;
      const Instruction instruction = decoder_.instruction();
      const ZydisDecodedInstruction& d = decoder_.details();
      // SYSCALL stores the flags in r11; interrupts and traps show them in a frame.
      if (d.meta.category == ZYDIS_CATEGORY_SYSCALL || d.meta.category == ZYDIS_CATEGORY_INTERRUPT)
        return false;
      if (d.cpu_flags) {
        if (d.cpu_flags->tested & live) return false;
        if (always_writes_flags(d))
          live &= ~(d.cpu_flags->modified | d.cpu_flags->set_0 | d.cpu_flags->set_1 |
                    d.cpu_flags->undefined);
        if (live == 0) return true;
      }
      switch (instruction.flow) {
        case Flow::call:
        case Flow::indirect_call:
        case Flow::ret:
          return true;
        case Flow::indirect_jump:
        case Flow::stop:
          return false;
        case Flow::jump:
          address = instruction.target;
          break;
        case Flow::branch:
        case Flow::loop:
          if (!dead(instruction.target, live)) return false;
          address = instruction.end();
          break;
        case Flow::next:
          address = instruction.end();
          break;
      }
    }
    return false;
  }

 private:
  const CodeImage& image_;
  const ControlFlow& flow_;
  InstructionDecoder decoder_;
  int left_ = kMostInstructions;
};

}  // namespace

bool flags_dead_at(const CodeImage& image, const ControlFlow& flow, std::uint64_t address) {
  return Walk(image, flow).dead(address, kChanged);
}

}  // namespace ttrace
