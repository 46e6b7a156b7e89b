#include "agent/calls.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/futex.h>
#include <sys/syscall.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "syscalls/table.h"

// What the agent does in place of the recorder it must know as the recorder does. The agent is
// freestanding, so that its table says again what the one of all calls says.

namespace ttrace {
namespace {

enum class Size { fixed, result, result_times, argument_times, other };

struct Written {
  unsigned argument, by, size;
  Size kind;

  bool operator==(const Written&) const = default;
};

void PrintTo(const Written& w, std::ostream* out) {
  constexpr const char* kKinds[] = {"fixed", "result", "result_times", "argument_times", "other"};
  *out << "argument " << w.argument << ": " << kKinds[int(w.kind)] << ", by argument " << w.by
       << ", of " << w.size << " bytes";
}

/// Of an Extent of the agent's or of the table of all calls, which have the same names.
template <class Extent>
Size kind_of(Extent extent) {
  switch (extent) {
    case Extent::fixed:
      return Size::fixed;
    case Extent::result:
      return Size::result;
    case Extent::result_times:
      return Size::result_times;
    case Extent::argument_times:
      return Size::argument_times;
    default:
      return Size::other;
  }
}

std::vector<Written> sorted(std::vector<Written> list) {
  std::sort(list.begin(), list.end(),
            [](const Written& a, const Written& b) { return a.argument < b.argument; });
  return list;
}

template <class Outputs>
std::vector<Written> written_by(const Outputs& outputs) {
  std::vector<Written> list;
  for (const auto& output : outputs) {
    if (output.extent == std::decay_t<decltype(output.extent)>::none) continue;
    const Size kind = kind_of(output.extent);
    const unsigned by = kind == Size::fixed ? 0 : output.by;
    list.push_back({output.argument, by, kind == Size::result ? 0u : output.size, kind});
  }
  return sorted(list);
}

template <class Check>
void for_each_call(const Check& check) {
  for (std::uint32_t number = 0; number < agent::kCallNumbers; ++number) {
    const agent::Call* const call = agent::kCallTable.of(number);
    if (call == nullptr) continue;
    const SyscallRow* row = syscall_row(number);
    ASSERT_TRUE(row) << number;
    check(*call, *row);
  }
}

bool must_be_zero(const agent::Call& call, int argument) {
  return (call.zeros >> argument & 1) != 0;
}

TEST(AgentCalls, ArePlain) {
  unsigned calls = 0;
  for_each_call([&](const agent::Call& call, const SyscallRow& row) {
    ++calls;
    // What they write is repeated by the traced path if they fail (poll).
    const bool is_wake = call.special == agent::Special::wake;  // one of many in one
    EXPECT_TRUE(!row.outputs_on_error || is_wake ||
                call.outputs[0].extent == agent::Extent::argument_times)
        << row.name;
    if (call.special == agent::Special::mask) return;
    const bool asks_break = std::string_view(row.name) == "brk" && must_be_zero(call, 0);
    // Replays make these on the traced path.
    const bool in_area =
        call.special == agent::Special::protect || call.special == agent::Special::drop;
    EXPECT_TRUE(row.handling == Handling::plain || asks_break || in_area) << row.name;
  });
  EXPECT_GT(calls, 30u);
}

TEST(AgentCalls, WriteWhatTheTableOfAllCallsSays) {
  for_each_call([](const agent::Call& call, const SyscallRow& row) {
    if (call.special == agent::Special::flags) return;  // many calls in one
    if (call.special == agent::Special::wake) return;   // likewise
    if (call.special == agent::Special::mask) return;   // of which the kernel takes one size only
    std::vector<Written> all = written_by(row.outputs);
    // An argument that is 0 names no memory (recvfrom's address).
    std::erase_if(all, [&](const Written& w) { return must_be_zero(call, int(w.argument)); });
    EXPECT_EQ(written_by(call.outputs), all) << row.name;
  });
}

TEST(AgentCalls, OfFlagsWriteNothing) {
  const auto nothing = [](Address, std::span<std::byte>) { return std::size_t(0); };
  for (const int command : {F_GETFD, F_SETFD, F_GETFL}) {
    const SyscallView call{SYS_fcntl, {3, std::uint64_t(command), 0x1000}, 0};
    EXPECT_TRUE(outputs_of(call, before_call(call, nothing), nothing).empty()) << command;
    EXPECT_FALSE(refusal(call, nothing)) << command;
  }
}

TEST(AgentCalls, OfWakesWriteNothing) {
  const auto nothing = [](Address, std::span<std::byte>) { return std::size_t(0); };
  for (const int operation : {FUTEX_WAKE_PRIVATE, FUTEX_WAKE_BITSET}) {
    const SyscallView call{SYS_futex, {0x1000, std::uint64_t(operation), 1}, 0};
    EXPECT_TRUE(outputs_of(call, before_call(call, nothing), nothing).empty()) << operation;
    EXPECT_FALSE(refusal(call, nothing)) << operation;
  }
}

/// The argument of a call that waits for events which says for how long.
int timeout_of(std::string_view call) {
  if (call == "poll") return 2;
  return call == "epoll_wait" || call == "epoll_pwait" ? 3 : -1;
}

TEST(AgentCalls, ThatMayWaitAskForADescriptorOrHaveNoTime) {
  for_each_call([](const agent::Call& call, const SyscallRow& row) {
    if (row.blocking == Blocking::never) return;
    const bool looks =
        call.needs != agent::Needs::nothing || call.special == agent::Special::open ||
        call.special == agent::Special::wake || call.special == agent::Special::openat;
    const int timeout = timeout_of(row.name);
    EXPECT_TRUE(looks || (timeout >= 0 && must_be_zero(call, timeout))) << row.name;
  });
}

}  // namespace
}  // namespace ttrace
