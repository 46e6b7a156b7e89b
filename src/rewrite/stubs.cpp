#include "rewrite/stubs.h"

#include <sys/user.h>

#include <bit>
#include <cstddef>
#include <cstring>

#include "rewrite/decode.h"
#include "rewrite/tick_counter.h"

namespace ttrace {
namespace {

constexpr unsigned kCallExtension = 2;  // FF /2 is an indirect call, FF /4 a jump
constexpr unsigned kJumpExtension = 4;

constexpr std::uint32_t kCounter = kTickCounterAddress;
constexpr std::uint32_t kSave = kTickSaveAddress;

constexpr std::uint32_t head_word(std::size_t offset) {
  return agent::kHeadAddress + std::uint32_t(offset);
}

}  // namespace

std::optional<IndirectOperand> operand_of(const Instruction& instruction,
                                          const ZydisDecodedInstruction& d) {
  constexpr auto kSegments = ZYDIS_ATTRIB_HAS_SEGMENT_FS | ZYDIS_ATTRIB_HAS_SEGMENT_GS;
  if (!instruction.plain || (d.attributes & kSegments) || d.opcode != 0xff ||
      !(d.attributes & ZYDIS_ATTRIB_HAS_MODRM))
    return std::nullopt;
  const unsigned high_base = d.raw.rex.B << 3;
  const unsigned high_index = d.raw.rex.X << 3;
  IndirectOperand operand;
  if (d.raw.modrm.mod == 3) {
    operand.in_register = true;
    operand.base = register_of_encoding(d.raw.modrm.rm | high_base);
    return operand;
  }
  operand.displacement = std::int32_t(d.raw.disp.value);
  if (instruction.memory != 0) {
    operand.memory = instruction.memory;
    return operand;
  }
  if (d.raw.modrm.rm != 4) {
    operand.base = register_of_encoding(d.raw.modrm.rm | high_base);
    return operand;
  }
  if (!(d.raw.sib.base == 5 && d.raw.modrm.mod == 0))
    operand.base = register_of_encoding(d.raw.sib.base | high_base);
  if ((d.raw.sib.index | high_index) != 4) {
    operand.index = register_of_encoding(d.raw.sib.index | high_index);
    operand.scale = std::uint8_t(1U << d.raw.sib.scale);
  }
  return operand;
}

void StubCode::emit(std::initializer_list<unsigned> bytes) {
  for (const unsigned byte : bytes) code_.push_back(std::byte(byte));
}

void StubCode::emit32(std::uint32_t value) {
  const ByteView bytes = bytes_of(value);
  code_.insert(code_.end(), bytes.begin(), bytes.end());
}

void StubCode::emit_distance(std::uint64_t target) {
  fixups_.push_back({size(), size() + 4, target});
  emit32(0);
}

void StubCode::mark(Position from, std::uint64_t original, bool executes, std::uint8_t adjust) {
  if (size() > from)
    marks_.push_back({from, original, std::uint16_t(size() - from), adjust, executes});
}

StubCode::Position StubCode::count_and_jump(std::uint64_t target, bool flags_dead) {
  const Position begin = size();
  if (flags_dead) {
    emit({0x48, 0xff, 0x0c, 0x25}), emit32(kCounter);  // dec qword [counter]
    emit({0x74, 5});                                   // jz due
  } else {
    emit({0x48, 0x89, 0x0c, 0x25}), emit32(kSave);     // mov [save], rcx
    emit({0x48, 0x8b, 0x0c, 0x25}), emit32(kCounter);  // mov rcx, [counter]
    emit({0x48, 0x8d, 0x49, 0xff});                    // lea rcx, [rcx-1]
    emit({0x48, 0x89, 0x0c, 0x25}), emit32(kCounter);  // mov [counter], rcx
    emit({0xe3, 13});                                  // jrcxz due
    emit({0x48, 0x8b, 0x0c, 0x25}), emit32(kSave);     // mov rcx, [save]
  }
  emit({0xe9}), emit_distance(target);                             // jmp target
  if (!flags_dead) emit({0x48, 0x8b, 0x0c, 0x25}), emit32(kSave);  // due: mov rcx, [save]
  dues_.push_back({size(), target, std::nullopt, {}, 0});
  emit({0xcc});
  mark(begin, target, false);
  return begin;
}

StubCode::Position StubCode::count_and_continue(std::uint64_t target, bool flags_dead) {
  const Position begin = size();
  if (flags_dead) {
    emit({0x48, 0xff, 0x0c, 0x25}), emit32(kCounter);
    emit({0x75, 1});  // jnz over the trap
  } else {
    emit({0x48, 0x89, 0x0c, 0x25}), emit32(kSave);
    emit({0x48, 0x8b, 0x0c, 0x25}), emit32(kCounter);
    emit({0x48, 0x8d, 0x49, 0xff});
    emit({0x48, 0x89, 0x0c, 0x25}), emit32(kCounter);
    emit({0xe3, 10});  // jrcxz due
    emit({0x48, 0x8b, 0x0c, 0x25}), emit32(kSave);
    emit({0xeb, 9});                                // over the trap
    emit({0x48, 0x8b, 0x0c, 0x25}), emit32(kSave);  // due:
  }
  dues_.push_back({size(), target, size() + 1, {}, 0});
  emit({0xcc});
  mark(begin, target, false);
  return begin;
}

void StubCode::emit_transfer(const Instruction& instruction, const ZydisDecodedInstruction& d,
                             ByteView bytes, bool as_jump) {
  const Position begin = size();
  code_.insert(code_.end(), bytes.begin(), bytes.end());
  if (as_jump && d.raw.modrm.reg == kCallExtension) {
    auto& modrm = code_[begin + d.raw.modrm.offset];
    modrm = (modrm & std::byte(0xc7)) | std::byte(kJumpExtension << 3);
  }
  if (instruction.memory != 0)
    fixups_.push_back({begin + d.raw.disp.offset, size(), instruction.memory});
}

StubCode::Position StubCode::count_and_jump_indirect(const Instruction& instruction,
                                                     const ZydisDecodedInstruction& d,
                                                     ByteView bytes, const IndirectOperand& operand,
                                                     bool flags_dead, std::uint8_t stack_adjust) {
  const Position begin = size();
  const std::uint64_t original = instruction.address;
  if (flags_dead) {
    emit({0x48, 0xff, 0x0c, 0x25}), emit32(kCounter);
    emit({0x74, instruction.length});
  } else {
    emit({0x48, 0x89, 0x0c, 0x25}), emit32(kSave);
    emit({0x48, 0x8b, 0x0c, 0x25}), emit32(kCounter);
    emit({0x48, 0x8d, 0x49, 0xff});
    emit({0x48, 0x89, 0x0c, 0x25}), emit32(kCounter);
    emit({0xe3, 8U + instruction.length});
    emit({0x48, 0x8b, 0x0c, 0x25}), emit32(kSave);
  }
  mark(begin, original, false, stack_adjust);
  Position copy = size();
  emit_transfer(instruction, d, bytes, true);
  mark(copy, original, true, stack_adjust);

  const Position due = size();
  if (!flags_dead) emit({0x48, 0x8b, 0x0c, 0x25}), emit32(kSave);
  Due stop;
  stop.at = size();
  stop.target = original;
  stop.resume = size() + 1;
  stop.memory = operand.memory;
  stop.entry.kind =
      operand.in_register ? TickPlan::DueEntry::in_register : TickPlan::DueEntry::in_memory;
  stop.entry.base = operand.memory != 0 ? TickPlan::DueEntry::kImage : operand.base;
  stop.entry.index = operand.index;
  stop.entry.scale = operand.scale;
  stop.entry.displacement = operand.displacement;
  dues_.push_back(stop);
  emit({0xcc});
  mark(due, original, false, stack_adjust);
  copy = size();
  emit_transfer(instruction, d, bytes, true);
  mark(copy, original, true, stack_adjust);
  return begin;
}

void StubCode::copy(const Instruction& instruction, const ZydisDecodedInstruction& d,
                    ByteView bytes) {
  const Position begin = size();
  emit_transfer(instruction, d, bytes, false);
  mark(begin, instruction.address, true);
}

void StubCode::jump_to_text(std::uint64_t target, std::uint64_t original, bool executes) {
  const Position begin = size();
  emit({0xe9}), emit_distance(target);
  mark(begin, original, executes);
}

void StubCode::call_agent(std::uint64_t instruction, const AgentWord& word) {
  constexpr std::uint32_t kRcx = head_word(offsetof(agent::Head, stub_rcx));
  constexpr std::uint32_t kEnter = head_word(offsetof(agent::Head, enter));
  constexpr std::uint32_t kWord = head_word(offsetof(agent::Head, instruction));
  constexpr unsigned kStoreWord = 11;
  const std::uint32_t entry =
      head_word(word ? offsetof(agent::Head, instruction_entry) : offsetof(agent::Head, entry));
  const Position begin = size();
  emit({0x48, 0x89, 0x0c, 0x25}), emit32(kRcx);    // mov [rcx], rcx
  emit({0x48, 0x8b, 0x0c, 0x25}), emit32(kEnter);  // mov rcx, [enter]
  emit({0xe3, word ? 14 + kStoreWord : 14});       // jrcxz off
  if (word) {
    emit({0xc7, 0x04, 0x25}), emit32(kWord);  // mov dword [word], ...
    emit32(std::bit_cast<std::uint32_t>(*word));
  }
  emit({0x48, 0x8d, 0x0d}),
      emit_distance(instruction + agent::kSyscallLength);  // lea rcx, ...
  emit({0xff, 0x24, 0x25}), emit32(entry);                 // jmp [entry]
  emit({0x48, 0x8b, 0x0c, 0x25}), emit32(kRcx);            // off: mov rcx, [rcx]
  emit({0xe9}), emit_distance(instruction);                // jmp instruction
  mark(begin, instruction, false);
}

StubCode::Position StubCode::branch(std::uint8_t condition, const Instruction& original) {
  const Position begin = size();
  emit({0x0f, 0x80U | (condition & 15U)}), emit32(0);
  mark(begin, original.address, true);
  return begin + 2;
}

StubCode::Position StubCode::jump(const Instruction& original) {
  const Position begin = size();
  emit({0xe9}), emit32(0);
  mark(begin, original.address, true);
  return begin + 1;
}

StubCode::Position StubCode::branch_to_text(std::uint8_t condition, std::uint64_t target,
                                            const Instruction& original) {
  const Position at = branch(condition, original);
  fixups_.push_back({at, at + 4, target});
  return at;
}

void StubCode::bind(Position distance, Position target) {
  const std::uint32_t value = target - (distance + 4);
  std::memcpy(code_.data() + distance, &value, sizeof value);
}

void StubCode::place(std::uint64_t stubs, std::uint64_t origin) {
  for (const Fixup& fixup : fixups_) {
    const auto value = std::uint32_t(fixup.target - (stubs + fixup.end));
    std::memcpy(code_.data() + fixup.at, &value, sizeof value);
  }
  const std::uint64_t base = stubs - origin;
  for (const Due& due : dues_) {
    TickPlan::DueEntry entry = due.entry;
    entry.at = std::uint32_t(base + due.at);
    entry.target = std::uint32_t(due.target - origin);
    entry.resume = due.resume ? std::uint32_t(base + *due.resume) : entry.target;
    if (entry.base == TickPlan::DueEntry::kImage)
      entry.displacement = std::int32_t(std::uint32_t(due.memory - origin));
    due_.push_back(entry);
  }
  for (const Place& place : marks_)
    places_.push_back({std::uint32_t(base + place.at), std::uint32_t(place.original - origin),
                       place.length, place.stack_adjust, place.executes});
}

}  // namespace ttrace
