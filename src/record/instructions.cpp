#include "record/instructions.h"

#include <sys/random.h>

#include <array>
#include <cstring>

#include "base/error.h"
#include "base/random_result.h"
#include "tracee/time_trap.h"

namespace ttrace {
namespace {

using Kind = InstructionEvent::Kind;

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

}  // namespace

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

InstructionEvent execute_here(Kind kind, Address rip, std::uint8_t length) {
  InstructionEvent event{kind, rip, length, {}};
  const CounterReading now = read_counter();
  event.results = {{kRaxIndex, std::uint32_t(now.time)}, {kRdxIndex, now.time >> 32}};
  if (kind == Kind::rdtscp) event.results.emplace_back(kRcxIndex, now.processor);
  return event;
}

InstructionEvent cpuid_event(Address rip, std::uint8_t length, const CpuidResult& result) {
  return {Kind::cpuid,
          rip,
          length,
          {{kRaxIndex, result[0]},
           {kRbxIndex, result[1]},
           {kRcxIndex, result[2]},
           {kRdxIndex, result[3]}}};
}

InstructionEvent draw_random(const Site& site, Address rip, const GeneralRegisters& regs) {
  std::uint64_t value = 0;
  if (getrandom(&value, sizeof value, 0) != sizeof value) throw_errno("getrandom");
  value = random_result(value, site.width, register_at(regs, site.destination));
  return {site.kind,
          rip,
          site.length,
          {{site.destination, value}, {kFlagsIndex, flags_of_random(regs.eflags)}}};
}

}  // namespace ttrace
