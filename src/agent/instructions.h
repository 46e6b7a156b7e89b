#pragma once

#include <cstddef>
#include <cstdint>

#include "agent/abi.h"
#include "agent/inside.h"
#include "base/random_result.h"
#include "base/registers.h"

// Instructions whose results are inputs, answered inside the process as a stop answers them
// (record/instructions.h).

namespace ttrace::agent {

static_assert(offsetof(Frame, after) == kRcxIndex * sizeof(std::uint64_t) &&
              offsetof(Frame, rdi) == kRdiIndex * sizeof(std::uint64_t));

inline std::uint64_t& register_of(Frame& frame, std::uint8_t index) {
  return index == kFlagsIndex ? frame.flags : reinterpret_cast<std::uint64_t*>(&frame)[index];
}

/// Results, as they are added to a record.
class Results {
 public:
  explicit Results(Record& record) : record_(record) {
    for (std::uint8_t& result : record_.results) result = kNoRegister;
  }
  void add(std::uint8_t index, std::uint64_t value) {
    record_.results[count_] = index;
    record_.args[count_] = value;
    ++count_;
  }

 private:
  Record& record_;
  unsigned count_ = 0;
};

/// What the recorder answered at a stop before; null: it was not asked.
inline const CpuidAnswer* answer_to(const Frame& frame) {
  const auto& table = *reinterpret_cast<const CpuidTable*>(std::uint64_t(kCpuidAddress));
  const auto leaf = std::uint32_t(frame.rax);
  const std::uint32_t subleaf = has_subleaves(leaf) ? std::uint32_t(head().stub_rcx) : 0;
  const bool is_loader = frame.after >= table.loader_start && frame.after < table.loader_end;
  for (std::uint64_t i = 0; i < table.count && i < kMostCpuidAnswers; ++i) {
    const CpuidAnswer& known = table.answers[i];
    if (known.leaf == leaf && known.subleaf == subleaf && known.is_loader == is_loader) {
      return &known;
    }
  }
  return nullptr;
}

inline bool answer_cpuid(const Frame& frame, Results results) {
  const CpuidAnswer* const answer = answer_to(frame);
  if (answer == nullptr) return false;
  constexpr std::uint8_t kSet[] = {kRaxIndex, kRbxIndex, kRcxIndex, kRdxIndex};
  for (unsigned i = 0; i < 4; ++i) results.add(kSet[i], answer->registers[i]);
  return true;
}

/// Where it does not trap.
inline bool read_counter(bool tells_processor, Results results) {
  if (head().reads_counter == 0) return false;
  std::uint32_t low, high, processor;
  asm volatile("rdtscp" : "=a"(low), "=d"(high), "=c"(processor));
  results.add(kRaxIndex, low);
  results.add(kRdxIndex, high);
  if (tells_processor) results.add(kRcxIndex, processor);
  return true;
}

/// The kernel's random numbers, which never run out.
inline bool draw_random(Frame& frame, const InstructionWord& what, Results results) {
  constexpr std::uint64_t kGetrandom = 318;
  std::uint64_t value = 0;
  const std::uint64_t args[6] = {reinterpret_cast<std::uint64_t>(&value), sizeof value, 0, 0, 0, 0};
  if (program_call(kGetrandom, args) != sizeof value) return false;
  const std::uint64_t before =
      what.destination == kRcxIndex ? head().stub_rcx : register_of(frame, what.destination);
  results.add(what.destination, random_result(value, what.width, before));
  results.add(kFlagsIndex, flags_of_random(frame.flags));
  return true;
}

inline bool answer(Frame& frame, const InstructionWord& what, Record& record) {
  switch (what.kind) {
    case InstructionKind::cpuid:
      return answer_cpuid(frame, Results(record));
    case InstructionKind::rdtsc:
    case InstructionKind::rdtscp:
      return read_counter(what.kind == InstructionKind::rdtscp, Results(record));
    case InstructionKind::rdrand:
    case InstructionKind::rdseed:
      return draw_random(frame, what, Results(record));
  }
  return false;
}

/// The address behind the instruction.
inline std::uint64_t end_of_instruction(const Frame& frame) {
  return frame.after - kSyscallLength + head().instruction.length;
}

/// The registers that the record says the instruction sets, and the way back.
inline void apply(const Record& record, Frame& frame) {
  Head& h = head();
  h.goes_on = end_of_instruction(frame);
  frame.after = h.stub_rcx;
  for (unsigned i = 0; i < kMostResults && record.results[i] != kNoRegister; ++i) {
    register_of(frame, record.results[i]) = record.args[i];
  }
}

/// As record(), for such an instruction.
inline Made record_instruction(Frame& frame) {
  Head& h = head();
  if (!has_room(h, sizeof(Record))) return Made::not_yet;
  Record& record = *reinterpret_cast<Record*>(records() + h.used);
  if (!answer(frame, h.instruction, record)) return Made::not_yet;
  begin_record(h);
  record.size = sizeof(Record);
  record.number = kInstructionNumber;
  record.writes = 0;
  record.instruction = h.instruction;
  record.rip = end_of_instruction(frame);
  record.ticks = h.ticks;
  h.used += sizeof(Record);
  ++h.records;
  apply(record, frame);
  return Made::inside;
}

/// As replay(), for such an instruction.
inline Made replay_instruction(Frame& frame) {
  Head& h = head();
  if (h.used >= h.size) return Made::not_yet;
  const Record& record = *reinterpret_cast<const Record*>(records() + h.used);
  if (record.number != kInstructionNumber || record.rip != end_of_instruction(frame) ||
      record.ticks != h.ticks) {
    return Made::not_yet;
  }
  take(record);
  apply(record, frame);
  return Made::inside;
}

}  // namespace ttrace::agent
