#include "trace/event.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <set>
#include <tuple>

#include "samples.h"
#include "trace/container.h"

namespace ttrace {
namespace {

// Equality by structured bindings, which stop compiling when a member is added: so the codec cannot
// forget one unnoticed.
bool same(const GeneralRegisters& a, const GeneralRegisters& b);
bool same(const EventBody& a, const EventBody& b);
template <class T>
bool same(const T& a, const T& b);
template <class T>
bool same(const std::vector<T>& a, const std::vector<T>& b);
template <class T>
bool same(const std::optional<T>& a, const std::optional<T>& b) {
  return a.has_value() == b.has_value() && (!a || same(*a, *b));
}
bool same(const GeneralRegisters& a, const GeneralRegisters& b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

template <class... T>
auto all(const T&... v) {
  return std::tie(v...);
}
auto members(const MemoryWrite& v) {
  const auto& [a, b] = v;
  return all(a, b);
}
auto members(const Patch& v) {
  const auto& [a, b, c] = v;
  return all(a, b, c);
}
auto members(const ObjectRef& v) {
  const auto& [a, b] = v;
  return all(a, b);
}
auto members(const Mapping& v) {
  const auto& [a, b, c, d, e, f, g] = v;
  return all(a, b, c, d, e, f, g);
}
auto members(const AppliedPlan& v) {
  const auto& [a, b, c] = v;
  return all(a, b, c);
}
auto members(const SwitchEvent& v) {
  const auto& [a] = v;
  return all(a);
}
auto members(const StepsEvent& v) {
  const auto& [a, b, c] = v;
  return all(a, b, c);
}
auto members(const SplitEvent& v) {
  const auto& [a] = v;
  return all(a);
}
auto members(const PointEvent& v) {
  const auto& [a] = v;
  return all(a);
}
auto members(const ExecEvent& v) {
  const auto& [a, b, c, d, e, f, g] = v;
  return all(a, b, c, d, e, f, g);
}
auto members(const SyscallEntry& v) {
  const auto& [a, b, c, d] = v;
  return all(a, b, c, d);
}
auto members(const SharedChange::Piece& v) {
  const auto& [a, b] = v;
  return all(a, b);
}
auto members(const SharedChange& v) {
  const auto& [a, b, c, d, e, f] = v;
  return all(a, b, c, d, e, f);
}
auto members(const SyscallExit& v) {
  const auto& [a, b, c, d, e, f, g, h, i, j, k] = v;
  return all(a, b, c, d, e, f, g, h, i, j, k);
}
auto members(const SyscallEvent& v) {
  const auto& [a, b] = v;
  return all(a, b);
}
auto members(const SyscallEnterEvent& v) {
  const auto& [a] = v;
  return all(a);
}
auto members(const SyscallExitEvent& v) {
  const auto& [a, b] = v;
  return all(a, b);
}
auto members(const NewTaskEvent& v) {
  const auto& [a, b, c, d, e, f, g] = v;
  return all(a, b, c, d, e, f, g);
}
auto members(const SignalEvent& v) {
  const auto& [a, b, c, d, e, f, g, h] = v;
  return all(a, b, c, d, e, f, g, h);
}
auto members(const InstructionEvent& v) {
  const auto& [a, b, c, d] = v;
  return all(a, b, c, d);
}
auto members(const MarkEvent& v) {
  const auto& [a, b, c, d, e, f] = v;
  return all(a, b, c, d, e, f);
}
auto members(const TaskExitEvent& v) {
  const auto& [a, b] = v;
  return all(a, b);
}
auto members(const ProcessExitEvent& v) {
  const auto& [a, b] = v;
  return all(a, b);
}
auto members(const EndEvent& v) {
  const auto& [a, b] = v;
  return all(a, b);
}
auto members(const Event& v) {
  const auto& [a, b, c, d] = v;
  return all(a, b, c, d);
}
bool same(const EventBody& a, const EventBody& b) {
  return a.index() == b.index() &&
         std::visit(
             [&](const auto& body) {
               return same(body, std::get<std::decay_t<decltype(body)>>(b));
             },
             a);
}

template <class T>
bool same(const std::vector<T>& a, const std::vector<T>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const T& x, const T& y) { return same(x, y); });
}
template <class T>
bool same(const T& a, const T& b) {
  if constexpr (requires { a == b; }) {
    return a == b;
  } else {
    return std::apply(
        [&](const auto&... x) {
          return std::apply([&](const auto&... y) { return (same(x, y) && ...); }, members(b));
        },
        members(a));
  }
}

Bytes encoded(const Event& event) {
  Bytes out;
  encode(event, out);
  return out;
}

Event decoded(const Bytes& bytes) {
  ByteReader in(bytes);
  Event event = decode_event(in);
  EXPECT_TRUE(in.at_end());
  return event;
}

Event with(EventBody body) { return {Tid(1), Ticks(), 0, std::move(body)}; }

TEST(Event, EveryKindComesBackAsItWas) {
  std::set<std::size_t> kinds;
  for (const Event& event : test::every_kind_of_event()) {
    EXPECT_TRUE(same(decoded(encoded(event)), event)) << kind_name(event.body);
    kinds.insert(event.body.index());
  }
  EXPECT_EQ(kinds.size(), std::variant_size_v<EventBody>) << "a kind of event is not tested";
}

TEST(Event, EventsFollowOneAnotherInOneBuffer) {
  const std::vector<Event> events = test::every_kind_of_event();
  Bytes out;
  for (const Event& event : events) encode(event, out);
  ByteReader in(out);
  for (const Event& event : events) EXPECT_TRUE(same(decode_event(in), event));
  EXPECT_TRUE(in.at_end());
}

TEST(Event, ASmallSystemCallIsSmall) {
  SyscallEvent call;
  call.entry = {1, {1, 0x7ffff7fc0000, 12, 0, 0, 0}, Address(0x7ffff7e91234), 0x12345678};
  call.exit.result = 12;
  EXPECT_LT(encoded(with(call)).size(), 48u);
}

TEST(Event, KindsHaveNames) {
  EXPECT_STREQ(kind_name(ExecEvent{}), "exec");
  EXPECT_STREQ(kind_name(SyscallEvent{}), "syscall");
  EXPECT_STREQ(kind_name(MarkEvent{}), "mark");
  EXPECT_STREQ(kind_name(EndEvent{}), "end");
}

TEST(Event, ATruncatedEventIsAnError) {
  for (const Event& event : test::every_kind_of_event()) {
    const Bytes whole = encoded(event);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      ByteReader in(ByteView(whole).first(size));
      EXPECT_THROW(decode_event(in), TraceError) << kind_name(event.body) << " cut at " << size;
    }
  }
}

TEST(Event, WhatDecodesIsWhatEncodeWouldWrite) {
  std::mt19937 random(1);
  const std::vector<Event> events = test::every_kind_of_event();
  for (int round = 0; round < 20000; ++round) {
    Bytes bytes = encoded(events[random() % events.size()]);
    for (int flips = 1 + int(random() % 4); flips > 0; --flips) {
      // Mostly at the start, where the structure is.
      const std::size_t at =
          random() % (random() % 2 ? bytes.size() : std::min<std::size_t>(bytes.size(), 40));
      bytes[at] = std::byte(random());
    }
    ByteReader in(bytes);
    try {
      const Event event = decode_event(in);
      bytes.resize(in.position());
      EXPECT_EQ(encoded(event), bytes);
    } catch (const TraceError&) {
    }
  }
}

TEST(Event, GarbageNeverCrashes) {
  std::mt19937 random(2);
  for (int round = 0; round < 20000; ++round) {
    Bytes bytes(random() % 200);
    for (std::byte& byte : bytes) byte = std::byte(random());
    if (!bytes.empty()) bytes[0] = std::byte(random() % 12);
    ByteReader in(bytes);
    try {
      decode_event(in);
    } catch (const TraceError&) {
    }
  }
}

struct Refused {
  const char* what;
  EventBody body;
};

TEST(Event, ValuesThatNoConsumerCouldUseAreRefused) {
  SyscallExitEvent stream;
  stream.exit.output_stream = 3;
  SyscallExitEvent patch;
  patch.exit.patches = {{Address(1), test::bytes("ab"), test::bytes("a")}};
  SyscallExitEvent wrap;
  wrap.exit.writes = {{Address(test::kMost), test::bytes("ab")}};
  SyscallExitEvent huge;
  huge.exit.shared = SharedChange{0, "x", 1ull << 63, 0, 0, {}};
  SyscallExitEvent behind;
  behind.exit.shared = SharedChange{0, "x", 10, 5, 6, {}};
  SyscallExitEvent outside;
  outside.exit.shared = SharedChange{0, "x", 10, 2, 4, {{1, test::bytes("a")}}};
  SyscallExitEvent across;
  across.exit.shared = SharedChange{0, "x", 10, 2, 4, {{5, test::bytes("ab")}}};
  ExecEvent unaligned;
  unaligned.mappings = {{Address(0x1000), 5, 0, false, false, "", {}}};
  ExecEvent beyond;
  beyond.mappings = {{Address(0x1000), page_floor(test::kMost), 0, false, false, "", {}}};
  InstructionEvent reg;
  reg.results = {{kRegisterCount, 0}};
  MarkEvent mark;
  mark.kind = MarkEvent::Kind(8);
  SignalEvent signal;
  signal.action = SignalEvent::Action(4);
  InstructionEvent instruction;
  instruction.kind = InstructionEvent::Kind(5);
  EndEvent end;
  end.reason = EndEvent::Reason(3);
  const Refused table[] = {
      {"an output stream 3", stream},
      {"a patch of another length", patch},
      {"a write around the end of memory", wrap},
      {"shared memory of no size that a file can have", huge},
      {"a change behind the end of shared memory", behind},
      {"shared memory before the part that changed", outside},
      {"shared memory behind the part that changed", across},
      {"half a page", unaligned},
      {"a mapping around the end of memory", beyond},
      {"register 27", reg},
      {"an unknown mark", mark},
      {"an unknown signal action", signal},
      {"an unknown instruction", instruction},
      {"an unknown end", end},
  };
  for (const Refused& row : table) {
    const Bytes bytes = encoded(with(row.body));
    ByteReader in(bytes);
    EXPECT_THROW(decode_event(in), TraceError) << row.what;
  }
}

TEST(Event, UnknownKindsAndLongNumbersAreRefused) {
  Bytes bytes = encoded(with(EndEvent{}));
  bytes[0] = std::byte(std::variant_size_v<EventBody>);
  ByteReader unknown(bytes);
  EXPECT_THROW(decode_event(unknown), TraceError);

  // kind end, tid 0 written in two bytes, ticks, time, reason, status
  const Bytes padded = test::bytes(std::string_view("\x0a\x80\x00\x00\x00\x00\x00", 7));
  ByteReader in(padded);
  EXPECT_THROW(decode_event(in), TraceError);
}

TEST(Event, AListBeyondTheFormatIsRefusedWhenRead) {
  for (const std::size_t length : {kMaxListLength, kMaxListLength + 1}) {
    Bytes bytes;
    ByteWriter out(bytes);
    // A task_exit of thread 0 at time 0 with status 0, and writes of nothing to address 0.
    for (const int byte : {8, 0, 0, 0, 0}) out.u8(std::uint8_t(byte));
    out.varint(length);
    bytes.resize(bytes.size() + 2 * length);
    ByteReader in(bytes);
    if (length == kMaxListLength) {
      EXPECT_NO_THROW(decode_event(in));
    } else {
      EXPECT_THROW(decode_event(in), TraceError);
    }
  }
}

TEST(Event, AListBeyondTheFormatIsRefusedWhenRecorded) {
  TaskExitEvent exit;
  exit.writes.resize(kMaxListLength + 1);
  Recording recording;
  EXPECT_THROW(recording.append(with(exit)), NotRecordable);
  EXPECT_EQ(recording.event_count(), 0u);
  EXPECT_TRUE(recording.encoded_events().empty());
  EXPECT_EQ(recording.append(with(EndEvent{})), EventNumber(0));
}

}  // namespace
}  // namespace ttrace
