#include "trace/plain_call.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "samples.h"
#include "trace/reader.h"
#include "trace/recording.h"

namespace ttrace {
namespace {

constexpr Tid kTid(4711);
constexpr std::uint64_t kTime = 1'234'567;

Bytes encoded(const Event& event) {
  Bytes out;
  encode(event, out);
  return out;
}

/// In full.
Bytes encoded(const PlainCall& call) {
  Bytes out;
  EXPECT_TRUE(encode(call, RecentCalls(), out));
  return out;
}

/// Numbers of every length, the extremes among them.
class Numbers {
 public:
  std::uint64_t next() {
    const auto bits = unsigned(random_() % 65);
    return bits == 0 ? 0 : (random_() | 1ull << 63) >> (64 - bits);
  }

 private:
  std::mt19937_64 random_{7};
};

/// Refers to `data`.
PlainCall any_call(Numbers& numbers, ByteView data) {
  PlainCall call;
  call.tid = kTid;
  call.time_us = kTime;
  call.ticks = Ticks(numbers.next());
  call.entry.number = std::int32_t(numbers.next());
  for (std::uint64_t& argument : call.entry.args) argument = numbers.next();
  call.entry.rip = Address(numbers.next());
  call.entry.digest = std::uint32_t(numbers.next());
  call.result = std::int64_t(numbers.next());
  call.written_digest = std::uint32_t(numbers.next());
  call.write_count = numbers.next() % (PlainCall::kMostWrites + 1);
  for (std::size_t i = 0; i < call.write_count; ++i) {
    call.writes[i] = {Address(numbers.next()), data.first(numbers.next() % data.size())};
  }
  return call;
}

TEST(PlainCall, IsEncodedAsItsEvent) {
  Numbers numbers;
  Bytes data(20'000);
  for (std::byte& byte : data) byte = std::byte(numbers.next());
  for (int i = 0; i < 20'000; ++i) {
    const PlainCall call = any_call(numbers, data);
    ASSERT_EQ(encoded(call), encoded(event_of(call))) << i;
  }
}

TEST(PlainCall, WritesOfEveryLengthAroundWhatIsGathered) {
  const Bytes data(600, std::byte(0x5a));
  for (std::size_t first = 0; first <= data.size(); ++first) {
    PlainCall call;
    call.write_count = 2;
    call.writes[0] = {Address(1), ByteView(data).first(first)};
    call.writes[1] = {Address(2), ByteView(data).first(data.size() - first)};
    ASSERT_EQ(encoded(call), encoded(event_of(call))) << first;
  }
}

TEST(PlainCall, TheLongestNumbersHaveRoom) {
  constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  const Bytes data(256);
  PlainCall call;
  call.tid = Tid(std::numeric_limits<std::int32_t>::min());
  call.time_us = kMost;
  call.ticks = Ticks(kMost);
  call.entry = {std::numeric_limits<std::int32_t>::min(),
                {kMost, kMost, kMost, kMost, kMost, kMost},
                Address(kMost),
                std::uint32_t(kMost)};
  call.result = std::numeric_limits<std::int64_t>::min();
  call.written_digest = std::uint32_t(kMost);
  call.write_count = 2;
  call.writes = {{{Address(kMost), data}, {Address(kMost), data}}};
  EXPECT_EQ(encoded(call), encoded(event_of(call)));
}

TEST(PlainCall, IsWhatItsEventSays) {
  Numbers numbers;
  const Bytes data(300, std::byte(3));
  for (int i = 0; i < 1000; ++i) {
    const PlainCall call = any_call(numbers, data);
    const Event event = event_of(call);
    const auto again = plain_call_of(event);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(encoded(*again), encoded(call));
    const Bytes bytes = encoded(call);
    const auto decoded = plain_call_at(bytes, nullptr);
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(decoded->size, bytes.size());
    EXPECT_EQ(encoded(decoded->call), bytes);
  }
}

TEST(PlainCall, AnEventThatSaysMoreIsNone) {
  const auto is_plain = [](auto change) {
    SyscallEvent body;
    change(body.exit);
    return plain_call_of({kTid, Ticks(), kTime, body}).has_value();
  };
  EXPECT_TRUE(is_plain([](SyscallExit&) {}));
  EXPECT_TRUE(is_plain([](SyscallExit& exit) { exit.writes.resize(2); }));
  EXPECT_FALSE(is_plain([](SyscallExit& exit) { exit.writes.resize(3); }));
  EXPECT_FALSE(is_plain([](SyscallExit& exit) { exit.backing = ObjectRef(); }));
  EXPECT_FALSE(is_plain([](SyscallExit& exit) { exit.patches.resize(1); }));
  EXPECT_FALSE(is_plain([](SyscallExit& exit) { exit.overlays.resize(1); }));
  EXPECT_FALSE(is_plain([](SyscallExit& exit) { exit.plans.resize(1); }));
  EXPECT_FALSE(is_plain([](SyscallExit& exit) { exit.registers = GeneralRegisters(); }));
  EXPECT_FALSE(is_plain([](SyscallExit& exit) { exit.vector_state.resize(1); }));
  EXPECT_FALSE(is_plain([](SyscallExit& exit) { exit.output_stream = 1; }));
  EXPECT_FALSE(is_plain([](SyscallExit& exit) { exit.shared = SharedChange(); }));
  EXPECT_FALSE(plain_call_of({kTid, Ticks(), kTime, EndEvent()}).has_value());
}

TEST(PlainCall, OnlyItsOwnBytesAreOne) {
  Numbers numbers;
  const Bytes data(50, std::byte(9));
  for (int i = 0; i < 300; ++i) {
    const PlainCall call = any_call(numbers, data);
    const Bytes bytes = encoded(call);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_FALSE(plain_call_at(ByteView(bytes).first(size), nullptr)) << size;
    }
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      Bytes bad = bytes;
      bad[at] ^= std::byte(0x80);
      const auto decoded = plain_call_at(bad, nullptr);
      if (!decoded) continue;
      // Another call, then: in its one encoding, as a decoder of all events has it.
      ByteReader in(bad);
      EXPECT_EQ(encoded(decode_event(in)), encoded(decoded->call));
      EXPECT_EQ(in.position(), decoded->size);
    }
  }
}

/// Calls as a program makes them: of few places, each time a little different.
class Program {
 public:
  explicit Program(ByteView data) : data_(data) {
    for (PlainCall& place : places_) place = any_call(numbers_, data_);
  }

  PlainCall next() {
    PlainCall& call = places_[numbers_.next() % places_.size()];
    call.tid = Tid(std::int32_t(numbers_.next() % 2));
    call.ticks = Ticks(numbers_.next());
    call.time_us += numbers_.next() % 3;
    call.result = std::int64_t(numbers_.next());
    call.written_digest = std::uint32_t(numbers_.next());
    if (numbers_.next() % 2) call.entry.digest = std::uint32_t(numbers_.next());
    if (numbers_.next() % 3 == 0) call.entry.args[numbers_.next() % 6] = numbers_.next();
    for (PlainCall::Write& write : call.writes) {
      write.data = data_.first(numbers_.next() % data_.size());
      if (numbers_.next() % 4 == 0) write.at = Address(numbers_.next() >> 1);
    }
    return call;
  }

 private:
  Numbers numbers_;
  ByteView data_;
  std::array<PlainCall, 12> places_;
};

TEST(PlainCall, SaysOnlyWhatIsDifferentFromARecentOne) {
  const Bytes data(100, std::byte(1));
  Program program(data);
  RecentCalls written;
  RecentCalls read;
  unsigned again = 0;
  for (int i = 0; i < 20'000; ++i) {
    const PlainCall call = program.next();
    Bytes bytes;
    if (encode(call, written, bytes)) written.add(call);
    const std::size_t distance = distance_at(bytes);
    ASSERT_LE(distance, RecentCalls::kMost);
    const auto decoded = plain_call_at(bytes, read.back(distance));
    ASSERT_TRUE(decoded.has_value());
    ASSERT_EQ(decoded->size, bytes.size());
    ASSERT_EQ(encoded(decoded->call), encoded(call));
    if (distance == 0) read.add(decoded->call);
    again += distance != 0;
    EXPECT_FALSE(distance != 0 && plain_call_at(bytes, nullptr)) << "without what it refers to";
  }
  EXPECT_GT(again, 5000u);
  EXPECT_LT(again, 19'000u);
}

TEST(PlainCall, ALoopTakesAThirdOfTheBytes) {
  const Bytes data(16, std::byte(0x77));
  PlainCall call;
  call.tid = Tid(12345);
  call.ticks = Ticks(1);
  call.time_us = 1'000'000;
  call.entry = {228, {1, 0x7fffffffe000, 0, 0, 0, 0}, Address(0x7ffff7d00000), 0xdeadbeef};
  call.write_count = 1;
  call.writes[0] = {Address(0x7fffffffe000), data};
  RecentCalls recent;
  Bytes full;
  EXPECT_TRUE(encode(call, recent, full));
  recent.add(call);
  Bytes again;
  EXPECT_FALSE(encode(call, recent, again));
  EXPECT_LT(again.size() - data.size(), (full.size() - data.size()) / 3);
}

TEST(PlainCall, LiesInARecordingAmongOtherEvents) {
  const Bytes data(2000, std::byte(7));
  const test::TemporaryDirectory directory;
  Program program(data);
  Recording recording;
  std::vector<Bytes> expected;
  for (int i = 0; i < 2000; ++i) {
    const PlainCall call = program.next();
    // It makes no difference how it is said.
    EXPECT_EQ(i % 2 ? recording.append(call) : recording.append(event_of(call)),
              EventNumber(2 * i));
    recording.append(Event{kTid, Ticks(1), kTime, SyscallEnterEvent()});
    expected.push_back(encoded(event_of(call)));
  }
  EXPECT_GT(recording.frames().size(), 5u);
  keep(recording, test::sample_info(), directory / "t.ttrace");
  for (const bool backwards : {false, true}) {
    TraceReader reader(directory / "t.ttrace");
    for (std::size_t n = 0; n < expected.size(); ++n) {
      const std::size_t i = backwards ? expected.size() - 1 - n : n;
      const EventNumber number(2 * i);
      const auto call = reader.plain_call(number);
      ASSERT_TRUE(call.has_value()) << i;
      ASSERT_EQ(encoded(*call), expected[i]) << i;
      ASSERT_EQ(encoded(reader.event(number)), expected[i]) << i;
      ASSERT_EQ(encoded(reader.event(number)), expected[i]) << i;
      ASSERT_FALSE(reader.plain_call(EventNumber(2 * i + 1)).has_value());
    }
  }
  TraceReader(directory / "t.ttrace").verify();
}

}  // namespace
}  // namespace ttrace
