#include "record/agent_records.h"

#include <sys/syscall.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "record/instructions.h"

namespace ttrace {
namespace {

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

InstructionEvent cpuid_event_of(const agent::Record& record) {
  CpuidResult result{};
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = std::uint32_t(record.args[i]);
  return cpuid_event(Address(record.rip - agent::kSiteLength), agent::kSiteLength, result);
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
    if (record.number == agent::kCpuidNumber) {
      recording.append({call.tid, call.ticks, call.time_us, cpuid_event_of(record)});
      continue;
    }
    understand(record, from.first(record.size).subspan(sizeof record), call);
    recording.append(call);
  }
}

}  // namespace ttrace
