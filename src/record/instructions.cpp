#include "record/instructions.h"

#include <cpuid.h>
#include <sched.h>
#include <sys/random.h>

#include <array>
#include <cstddef>

#include "base/cpu_features.h"
#include "base/error.h"
#include "tracee/time_trap.h"

namespace ttrace {
namespace {

using Kind = InstructionEvent::Kind;

constexpr std::uint8_t index_of(std::size_t offset) {
  return std::uint8_t(offset / sizeof(std::uint64_t));
}
constexpr std::uint8_t kRax = index_of(offsetof(GeneralRegisters, rax));
constexpr std::uint8_t kRbx = index_of(offsetof(GeneralRegisters, rbx));
constexpr std::uint8_t kRcx = index_of(offsetof(GeneralRegisters, rcx));
constexpr std::uint8_t kRdx = index_of(offsetof(GeneralRegisters, rdx));
constexpr std::uint8_t kFlags = index_of(offsetof(GeneralRegisters, eflags));

struct Opcode {
  Kind kind;
  std::uint8_t length;
  std::array<std::uint8_t, 3> bytes;
};
constexpr Opcode kOpcodes[] = {
    {Kind::rdtsc, 2, {0x0f, 0x31}},
    {Kind::rdtscp, 3, {0x0f, 0x01, 0xf9}},
    {Kind::cpuid, 2, {0x0f, 0xa2}},
};

enum class Out { eax, ebx, ecx, edx };
struct HiddenFeature {
  std::uint32_t leaf;
  std::uint32_t subleaf;
  Out out;
  int bit;
};
constexpr HiddenFeature kHidden[] = {
    {7, 0, Out::ebx, 4},   // HLE
    {7, 0, Out::ebx, 11},  // RTM
    {7, 0, Out::ecx, 5},   // WAITPKG
    {7, 0, Out::ecx, 22},  // RDPID
};
constexpr std::uint32_t kStateLeaf = 0xd;

CpuidResult shown_to(const Asker& asker, std::uint32_t leaf, std::uint32_t subleaf,
                     CpuidResult answer) {
  for (const HiddenFeature& feature : kHidden) {
    if (feature.leaf == leaf && feature.subleaf == subleaf) {
      answer[std::size_t(feature.out)] &= ~(1u << feature.bit);
    }
  }
  if (asker.is_loader && leaf == kStateLeaf) return {};
  return asker.portable ? as_x86_64_v2(leaf, subleaf, answer) : answer;
}

}  // namespace

const std::array<std::uint32_t, 4>& CpuidAnswers::get(std::uint32_t leaf, std::uint32_t subleaf) {
  const auto [known, is_new] = known_.try_emplace({sched_getcpu(), leaf, subleaf});
  auto& out = known->second;
  if (is_new) __cpuid_count(leaf, subleaf, out[0], out[1], out[2], out[3]);
  return out;
}

std::optional<TrappedInstruction> trapped_instruction(const Memory& memory, Address rip) {
  std::array<std::byte, 3> text{};
  const std::size_t have = memory.read(rip, text);
  for (const Opcode& opcode : kOpcodes) {
    if (have >= opcode.length &&
        std::memcmp(text.data(), opcode.bytes.data(), opcode.length) == 0) {
      return TrappedInstruction{opcode.kind, opcode.length};
    }
  }
  return {};
}

InstructionEvent execute_here(Kind kind, Address rip, std::uint8_t length,
                              const GeneralRegisters& regs, Asker asker, CpuidAnswers& answers) {
  InstructionEvent event{kind, rip, length, {}};
  if (kind == Kind::cpuid) {
    const auto leaf = std::uint32_t(regs.rax);
    const auto subleaf = std::uint32_t(regs.rcx);
    const CpuidResult out = shown_to(asker, leaf, subleaf, answers.get(leaf, subleaf));
    event.results = {{kRax, out[0]}, {kRbx, out[1]}, {kRcx, out[2]}, {kRdx, out[3]}};
    return event;
  }
  const CounterReading now = read_counter();
  event.results = {{kRax, std::uint32_t(now.time)}, {kRdx, now.time >> 32}};
  if (kind == Kind::rdtscp) event.results.emplace_back(kRcx, now.processor);
  return event;
}

InstructionEvent draw_random(const Site& site, Address rip, const GeneralRegisters& regs) {
  std::uint64_t value = 0;
  if (getrandom(&value, sizeof value, 0) != sizeof value) throw_errno("getrandom");
  if (site.width == 4) value = std::uint32_t(value);  // a 32-bit result clears the upper half
  if (site.width == 2) {
    value = (register_at(regs, site.destination) & ~0xffffull) | (value & 0xffff);
  }
  // CF=1: a value was available. OF, SF, ZF, AF, PF are cleared (Intel SDM volume 2, RDRAND).
  constexpr std::uint64_t kStatusFlags = 0x8d5;
  constexpr std::uint64_t kCarry = 0x001;
  const std::uint64_t flags = (regs.eflags & ~kStatusFlags) | kCarry;
  return {site.kind, rip, site.length, {{site.destination, value}, {kFlags, flags}}};
}

}  // namespace ttrace
