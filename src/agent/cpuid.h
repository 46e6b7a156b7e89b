#pragma once

#include <cstdint>

#include "agent/abi.h"
#include "agent/inside.h"

// CPUID, answered inside the process as the recorder answered it at a stop before.

namespace ttrace::agent {

/// What is told of it; null: not this.
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

/// The registers that CPUID sets, its upper halves cleared, and the way back.
inline void set_cpuid(Frame& frame, const std::uint64_t* registers) {
  frame.rax = registers[0];
  frame.rbx = registers[1];
  frame.rdx = registers[3];
  head().goes_on = frame.after;
  frame.after = registers[2];
}

/// As record(), for CPUID.
inline Made record_cpuid(Frame& frame) {
  Head& h = head();
  const CpuidAnswer* const answer = answer_to(frame);
  if (answer == nullptr || !has_room(h, sizeof(Record))) return Made::not_yet;
  begin_record(h);
  Record& record = *reinterpret_cast<Record*>(records() + h.used);
  record.size = sizeof(Record);
  record.number = kCpuidNumber;
  record.writes = 0;
  record.rip = frame.after;
  record.ticks = h.ticks;
  for (unsigned i = 0; i < 4; ++i) record.args[i] = answer->registers[i];
  h.used += sizeof(Record);
  ++h.records;
  set_cpuid(frame, record.args);
  return Made::inside;
}

/// As replay(), for CPUID.
inline Made replay_cpuid(Frame& frame) {
  Head& h = head();
  if (h.used >= h.size) return Made::not_yet;
  const Record& record = *reinterpret_cast<const Record*>(records() + h.used);
  if (record.number != kCpuidNumber || record.rip != frame.after || record.ticks != h.ticks) {
    return Made::not_yet;
  }
  take(record);
  set_cpuid(frame, record.args);
  return Made::inside;
}

}  // namespace ttrace::agent
