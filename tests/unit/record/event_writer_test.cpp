#include "record/event_writer.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/syscall.h>

#include <cstdint>
#include <cstring>
#include <utility>

#include "base/registers.h"
#include "trace/event.h"
#include "trace/recording.h"

namespace ttrace {
namespace {

constexpr Tid kTid(4711);
constexpr std::uint64_t kCounter = 1'000'000;

cpu_set_t every_cpu() {
  cpu_set_t cpus;
  sched_getaffinity(0, sizeof cpus, &cpus);
  return cpus;
}

cpu_set_t no_cpu() {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  return cpus;
}

agent::Record record_of(std::uint16_t number, std::uint64_t ticks_left) {
  agent::Record record;
  record.size = sizeof record;
  record.number = number;
  record.ticks = ticks_left;
  record.result = std::int64_t(ticks_left);
  return record;
}

/// `count` calls, one tick before each; the thread ran 5 ticks before.
AgentRecords calls(EventWriter& writer, std::size_t count, std::uint16_t number = SYS_getppid) {
  AgentRecords records{kTid, 0, 5, kCounter, writer.buffer(), count * sizeof(agent::Record)};
  for (std::size_t i = 0; i < count; ++i) {
    const agent::Record record = record_of(number, kCounter - 1 - i);
    std::memcpy(records.buffer->bytes.data() + i * sizeof record, &record, sizeof record);
  }
  return records;
}

Event mark() { return {kTid, Ticks(), 0, SwitchEvent{}}; }

constexpr std::size_t kMany = agent::kRecordsSize / sizeof(agent::Record);

/// Few and many records, and other events in between.
void write_some(EventWriter& writer) {
  for (int i = 0; i < 20; ++i) {
    writer.write(calls(writer, kMany));
    writer.write(calls(writer, kMany / 2, SYS_getuid));
    if (i % 3 == 0) writer.write(calls(writer, 2, SYS_getpid));
    if (i % 4 == 0) writer.recording().append(mark());
  }
}

TEST(EventWriter, KeepsTheOrder) {
  Recording with_thread;
  EventWriter on_thread(with_thread, every_cpu());
  write_some(on_thread);
  Recording without_thread;
  EventWriter at_once(without_thread, no_cpu());
  write_some(at_once);
  const ByteView expected = at_once.recording().encoded_events();
  const ByteView written = on_thread.recording().encoded_events();
  EXPECT_GT(with_thread.event_count(), 20 * kMany);
  EXPECT_TRUE(std::equal(written.begin(), written.end(), expected.begin(), expected.end()));
}

TEST(EventWriter, SaysWhatItsThreadCouldNotDo) {
  Recording recording;
  EventWriter writer(recording, every_cpu());
  AgentRecords damaged = calls(writer, kMany);
  damaged.size -= 8;  // the last one is cut
  writer.write(std::move(damaged));
  EXPECT_THROW(writer.recording(), NotRecordable);
}

TEST(EventWriter, DropsWhatNobodyWaitsFor) {
  Recording recording;
  EventWriter writer(recording, every_cpu());
  for (int i = 0; i < 5; ++i) writer.write(calls(writer, 2000));
}

TEST(AgentRecords, OutlineAndEventsCountTheSame) {
  Recording recording;
  EventWriter writer(recording, no_cpu());
  AgentRecords records = calls(writer, 3, SYS_clock_gettime);
  const RecordsOutline outline = outline_of(records);
  EXPECT_EQ(outline.counter, kCounter - 3);
  EXPECT_EQ(outline.clock_calls, 3u);
  EXPECT_FALSE(outline.changes_mask);
  EXPECT_TRUE(outline_of(calls(writer, 1, SYS_rt_sigprocmask)).changes_mask);

  append_events(records, recording);
  ByteReader events(recording.encoded_events());
  EXPECT_EQ(decode_event(events).ticks, Ticks(5 + 1));
  EXPECT_EQ(recording.event_count(), 3u);
}

agent::Record rdtscp_record() {
  agent::Record record = record_of(agent::kInstructionNumber, kCounter);
  record.instruction = {agent::InstructionKind::rdtscp, 3, 0, 8};
  record.rip = 0x1003;
  const std::uint8_t results[] = {10, 12, 11, agent::kNoRegister};
  std::memcpy(record.results, results, sizeof results);
  for (unsigned i = 0; i < 4; ++i) record.args[i] = 100 + i;
  return record;
}

AgentRecords only(EventWriter& writer, const agent::Record& record) {
  AgentRecords records{kTid, 0, 0, kCounter, writer.buffer(), sizeof record};
  std::memcpy(records.buffer->bytes.data(), &record, sizeof record);
  return records;
}

TEST(AgentRecords, InstructionsHaveTheirResults) {
  Recording recording;
  EventWriter writer(recording, no_cpu());
  append_events(only(writer, rdtscp_record()), recording);
  ByteReader events(recording.encoded_events());
  const auto event = std::get<InstructionEvent>(decode_event(events).body);
  EXPECT_EQ(event.kind, InstructionEvent::Kind::rdtscp);
  EXPECT_EQ(event.rip, Address(0x1000));
  EXPECT_EQ(event.length, 3);
  const decltype(event.results) expected = {{10, 100}, {12, 101}, {11, 102}};
  EXPECT_EQ(event.results, expected);
}

TEST(AgentRecords, RefusesInstructionsThatAreNone) {
  Recording recording;
  EventWriter writer(recording, no_cpu());
  agent::Record record = rdtscp_record();
  record.results[1] = register_index(offsetof(GeneralRegisters, rsp));
  EXPECT_THROW(append_events(only(writer, record), recording), NotRecordable);
  record = rdtscp_record();
  record.instruction.length = 16;
  EXPECT_THROW(append_events(only(writer, record), recording), NotRecordable);
  record = rdtscp_record();
  record.instruction.kind = agent::InstructionKind(5);
  EXPECT_THROW(append_events(only(writer, record), recording), NotRecordable);
}

TEST(AgentRecords, RefusesWhatIsNone) {
  Recording recording;
  EventWriter writer(recording, no_cpu());
  AgentRecords records = calls(writer, 2);
  --records.size;
  EXPECT_THROW(outline_of(records), NotRecordable);
  records.size = sizeof(agent::Record);
  agent::Record small = record_of(SYS_getppid, 0);
  small.size = 8;
  std::memcpy(records.buffer->bytes.data(), &small, sizeof small);
  EXPECT_THROW(outline_of(records), NotRecordable);
  EXPECT_THROW(append_events(records, recording), NotRecordable);
}

}  // namespace
}  // namespace ttrace
