#include "rewrite/agent_site.h"

#include <sys/syscall.h>

#include <algorithm>
#include <array>

#include "agent/abi.h"
#include "rewrite/relocate.h"

namespace ttrace {
namespace {

constexpr std::uint64_t kRoom = 5;
constexpr std::size_t kMostParts = 8;
constexpr std::uint64_t kLongestInstruction = 15;

/// Calls that do not come back, or not alone, or not here.
constexpr std::array kNeverMade = {SYS_rt_sigreturn, SYS_exit,  SYS_exit_group,     SYS_clone,
                                   SYS_clone3,       SYS_fork,  SYS_vfork,          SYS_execve,
                                   SYS_execveat,     SYS_pause, SYS_restart_syscall};

/// The number that an instruction loads into eax, if it does just that.
std::optional<std::uint64_t> number_loaded(const Neighbours::Part& part) {
  const ZydisDecodedInstruction& d = part.details;
  if (d.mnemonic != ZYDIS_MNEMONIC_MOV || d.opcode_map != ZYDIS_OPCODE_MAP_DEFAULT) return {};
  const bool to_eax = d.opcode == 0xb8 && !d.raw.rex.B;
  const bool to_rax =
      d.opcode == 0xc7 && d.raw.modrm.mod == 3 && d.raw.modrm.rm == 0 && !d.raw.rex.B;
  if (!to_eax && !to_rax) return {};
  return d.raw.imm[0].value.u;
}

bool may_be_copied(const Neighbours::Part& part) {
  const Instruction& instruction = part.instruction;
  if (instruction.flow == Flow::branch) {
    return instruction.plain && (instruction.relative_size == 1 || instruction.relative_size == 4);
  }
  return can_move(instruction, part.details);
}

}  // namespace

bool is_never_made(const Approach& approach) {
  for (auto part = approach.rbegin(); part != approach.rend(); ++part) {
    const auto number = number_loaded(*part);
    if (!number) continue;
    return std::find(kNeverMade.begin(), kNeverMade.end(), long(*number)) != kNeverMade.end();
  }
  return false;
}

std::optional<Approach> find_approach(const CodeImage& image, const ControlFlow& flow,
                                      const TextPatch& patch, const Function& function,
                                      std::uint64_t site) {
  if (patch.touches(site, site + agent::kSiteLength)) return {};
  InstructionDecoder decoder;
  Approach found;
  std::uint64_t first = site;
  while (found.size() < kMostParts) {
    const std::uint64_t least =
        std::max(function.begin, first - std::min(first, kLongestInstruction));
    const auto before = flow.starts.last_before(first, least);
    if (!before || !decoder.decode(image.at(*before), *before)) return {};
    const Instruction& instruction = decoder.instruction();
    if (instruction.end() != first || patch.touches(instruction.address, instruction.end())) {
      return {};
    }
    found.insert(found.begin(),
                 {instruction, decoder.details(), image.at(*before).first(instruction.length)});
    if (!may_be_copied(found.front())) return {};
    first = instruction.address;
    if (instruction.length >= kRoom) return found;
  }
  return {};
}

}  // namespace ttrace
