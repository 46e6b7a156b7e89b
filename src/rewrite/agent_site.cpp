#include "rewrite/agent_site.h"

#include <sys/syscall.h>

#include <algorithm>
#include <array>

#include "rewrite/relocate.h"

namespace ttrace {
namespace {

constexpr std::uint64_t kRoom = 5;
constexpr std::size_t kMostParts = 8;
constexpr std::uint64_t kLongestInstruction = 15;
constexpr std::uint64_t kNearby = 64;  // bytes

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

Neighbours::Part part_of(const InstructionDecoder& decoder, const CodeImage& image) {
  const Instruction& instruction = decoder.instruction();
  return {instruction, decoder.details(), image.at(instruction.address).first(instruction.length)};
}

bool may_be_copied(const Neighbours::Part& part) {
  const Instruction& instruction = part.instruction;
  if (instruction.flow == Flow::branch) {
    return instruction.plain && (instruction.relative_size == 1 || instruction.relative_size == 4);
  }
  return can_move(instruction, part.details);
}

/// The way with its first instructions replaced, if nothing leads to any of them but the first, not
/// even the handler of a fault that returns.
std::optional<Approach> join(const ControlFlow& flow, const Function& function,
                             const StraightWay& way) {
  const std::uint64_t begin = way.front().instruction.address;
  Approach approach{way, 0};
  for (const Neighbours::Part& part : way) {
    if (approach.replaced >= kRoom) break;
    const bool is_first = approach.replaced == 0;
    if (!is_first && part.instruction.flow == Flow::next && !cannot_fault(part.details)) return {};
    approach.replaced += part.instruction.length;
  }
  if (function.unresolved_jump || flow.targets.any_in(begin + 1, begin + kRoom)) return {};
  return approach;
}

}  // namespace

bool is_never_made(const AgentWord& word, const StraightWay& way) {
  if (word) return false;
  for (auto part = way.rbegin(); part != way.rend(); ++part) {
    const auto number = number_loaded(*part);
    if (!number) continue;
    return std::find(kNeverMade.begin(), kNeverMade.end(), long(*number)) != kNeverMade.end();
  }
  return false;
}

std::optional<Approach> find_approach(const CodeImage& image, const ControlFlow& flow,
                                      const TextPatch& patch, const Function& function,
                                      const AgentSites::value_type& site) {
  const auto& [address, word] = site;
  if (patch.touches(address, address + (word ? word->length : agent::kSyscallLength))) return {};
  InstructionDecoder decoder;
  StraightWay way;
  std::optional<Approach> joined;
  for (std::uint64_t first = address; way.size() < kMostParts;) {
    const std::uint64_t least =
        std::max(function.begin, first - std::min(first, kLongestInstruction));
    const auto before = flow.starts.last_before(first, least);
    if (!before || !decoder.decode(image.at(*before), *before)) break;
    const Instruction& instruction = decoder.instruction();
    if (instruction.end() != first || patch.touches(instruction.address, instruction.end())) break;
    way.insert(way.begin(), part_of(decoder, image));
    const bool is_landing = decoder.details().mnemonic == ZYDIS_MNEMONIC_ENDBR64;
    if (!may_be_copied(way.front()) && !is_landing) break;
    first = instruction.address;
    if (instruction.length >= kRoom) return Approach{way, instruction.length};
    if (!joined && address - first >= kRoom) joined = join(flow, function, way);
    if (is_landing) break;
  }
  return joined;
}

std::optional<SiteAhead> find_site_ahead(const CodeImage& image, const ControlFlow& flow,
                                         const AgentSites& sites, std::uint64_t from) {
  SiteAhead found{{}, sites.lower_bound(from)};
  if (found.site == sites.end() || found.site->first - from > kNearby) return {};
  InstructionDecoder decoder;
  for (std::uint64_t at = from; at != found.site->first; at = decoder.instruction().end()) {
    if (at > found.site->first || found.way.size() == kMostParts || !flow.starts.contains(at) ||
        !decoder.decode(image.at(at), at)) {
      return {};
    }
    found.way.push_back(part_of(decoder, image));
    if (!can_move(decoder.instruction(), decoder.details())) return {};
  }
  return found;
}

}  // namespace ttrace
