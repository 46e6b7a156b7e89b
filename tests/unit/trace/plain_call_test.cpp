#include "trace/plain_call.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>

#include "trace/recording.h"

namespace ttrace {
namespace {

constexpr Tid kTid(4711);
constexpr std::uint64_t kTime = 1'234'567;

/// The event that says what the call says.
Event event_of(const PlainCall& call) {
  SyscallEvent body;
  body.entry = call.entry;
  body.exit.result = call.result;
  body.exit.written_digest = call.written_digest;
  for (const PlainCall::Write& write : call.written()) {
    body.exit.writes.push_back({write.at, Bytes(write.data.begin(), write.data.end())});
  }
  return {kTid, call.ticks, kTime, body};
}

Bytes encoded(const Event& event) {
  Bytes out;
  encode(event, out);
  return out;
}

Bytes encoded(const PlainCall& call) {
  Bytes out;
  encode(kTid, kTime, call, out);
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

TEST(PlainCall, LiesInARecordingAmongOtherEvents) {
  Numbers numbers;
  const Bytes data(2000, std::byte(7));
  Recording calls;
  Recording events;
  for (int i = 0; i < 500; ++i) {
    const PlainCall call = any_call(numbers, data);
    EXPECT_EQ(calls.append(kTid, kTime, call).value(), 2u * i);
    calls.append(Event{kTid, Ticks(1), kTime, EndEvent()});
    events.append(event_of(call));
    events.append(Event{kTid, Ticks(1), kTime, EndEvent()});
  }
  EXPECT_TRUE(std::ranges::equal(calls.encoded_events(), events.encoded_events()));
  ASSERT_EQ(calls.frames().size(), events.frames().size());
  EXPECT_GT(calls.frames().size(), 1u);
  for (std::size_t i = 0; i < calls.frames().size(); ++i) {
    EXPECT_EQ(calls.frames()[i].size, events.frames()[i].size);
    EXPECT_EQ(calls.frames()[i].event_count, events.frames()[i].event_count);
  }
}

}  // namespace
}  // namespace ttrace
