#include "record/agent_records.h"

#include <sys/syscall.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace ttrace {
namespace {

constexpr bool is_numbered_as(agent::InstructionKind kind, InstructionEvent::Kind recorded) {
  return InstructionEvent::Kind(kind) == recorded;
}
static_assert(is_numbered_as(agent::InstructionKind::rdtsc, InstructionEvent::Kind::rdtsc) &&
              is_numbered_as(agent::InstructionKind::rdtscp, InstructionEvent::Kind::rdtscp) &&
              is_numbered_as(agent::InstructionKind::cpuid, InstructionEvent::Kind::cpuid) &&
              is_numbered_as(agent::InstructionKind::rdrand, InstructionEvent::Kind::rdrand) &&
              is_numbered_as(agent::InstructionKind::rdseed, InstructionEvent::Kind::rdseed));

/// Copies the first record among `bytes`. Returns what lies behind it.
ByteView take_record(ByteView bytes, agent::Record& record) {
  if (bytes.size() < sizeof record) refuse_records();
  std::memcpy(&record, bytes.data(), sizeof record);
  if (record.size < sizeof record || record.size > bytes.size()) refuse_records();
  return bytes.subspan(record.size);
}

/// What the record tells of a call, but for its ticks. `writes` lie behind it.
void understand(const agent::Record& record, ByteView writes, PlainCall& call) {
  if (record.writes > call.writes.size()) refuse_records();
  call.entry.number = record.number;
  std::copy(std::begin(record.args), std::end(record.args), call.entry.args.begin());
  call.entry.rip = Address(record.rip);
  call.entry.digest = record.digest;
  call.result = record.result;
  call.written_digest = record.written_digest;
  call.write_count = record.writes;
  for (std::size_t i = 0; i < call.write_count; ++i) {
    agent::Write write;
    if (writes.size() < sizeof write) refuse_records();
    std::memcpy(&write, writes.data(), sizeof write);
    writes = writes.subspan(sizeof write);
    if (write.length > agent::kMostWritten || agent::padded(write.length) > writes.size()) {
      refuse_records();
    }
    call.writes[i] = {Address(write.at), writes.first(write.length)};
    writes = writes.subspan(agent::padded(write.length));
  }
}

constexpr std::uint8_t kLongestInstruction = 15;

InstructionEvent instruction_of(const agent::Record& record) {
  const agent::InstructionWord& word = record.instruction;
  if (word.kind > agent::InstructionKind::rdseed || word.length > kLongestInstruction) {
    refuse_records();
  }
  InstructionEvent event{
      InstructionEvent::Kind(word.kind), Address(record.rip - word.length), word.length, {}};
  for (unsigned i = 0; i < agent::kMostResults; ++i) {
    if (record.results[i] == agent::kNoRegister) break;
    if (!agent::can_set(record.results[i])) refuse_records();
    event.results.emplace_back(record.results[i], record.args[i]);
  }
  return event;
}

}  // namespace

void refuse_records() { throw NotRecordable("a program that writes over the agent"); }

RecordsOutline outline_of(const AgentRecords& records) {
  RecordsOutline outline;
  outline.counter = records.counter;
  agent::Record record;
  for (ByteView left = records.bytes(); !left.empty();) {
    left = take_record(left, record);
    outline.counter = record.ticks;
    if (record.number == SYS_clock_gettime) ++outline.clock_calls;
    if (record.number == SYS_rt_sigprocmask) outline.changes_mask = true;
  }
  return outline;
}

void append_events(const AgentRecords& records, Recording& recording) {
  std::uint64_t ticks = records.ticks;
  std::uint64_t counter = records.counter;
  agent::Record record;
  PlainCall call;
  call.tid = records.tid;
  call.time_us = records.time_us;
  for (ByteView left = records.bytes(); !left.empty();) {
    const ByteView from = left;
    left = take_record(left, record);
    // The counter counts down.
    call.ticks =
        Ticks(std::exchange(ticks, 0) + std::exchange(counter, record.ticks) - record.ticks);
    if (record.number == agent::kInstructionNumber) {
      recording.append({call.tid, call.ticks, call.time_us, instruction_of(record)});
      continue;
    }
    understand(record, from.first(record.size).subspan(sizeof record), call);
    recording.append(call);
  }
}

}  // namespace ttrace
