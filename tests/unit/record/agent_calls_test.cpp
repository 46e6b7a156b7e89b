#include "agent/calls.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <algorithm>
#include <vector>

#include "syscalls/table.h"

// What the agent does in place of the recorder it must know as the recorder does. The agent is
// freestanding, so that its table says again what the one of all calls says.

namespace ttrace {
namespace {

struct Written {
  unsigned argument, by, size;
  bool by_result;

  bool operator==(const Written&) const = default;
};

void PrintTo(const Written& w, std::ostream* out) {
  *out << "argument " << w.argument << (w.by_result ? ": the result, at most argument " : ": ")
       << (w.by_result ? w.by : w.size);
}

std::vector<Written> sorted(std::vector<Written> list) {
  std::sort(list.begin(), list.end(),
            [](const Written& a, const Written& b) { return a.argument < b.argument; });
  return list;
}

std::vector<Written> written_by(const agent::Call& call) {
  std::vector<Written> list;
  for (const agent::Output& output : call.outputs) {
    if (output.extent == agent::Extent::none) continue;
    const bool by_result = output.extent == agent::Extent::result;
    list.push_back({output.argument, output.by, output.size, by_result});
  }
  return sorted(list);
}

/// What is of another extent than the two that the agent knows is marked by an
/// argument that no call has.
std::vector<Written> written_by(const SyscallRow& row) {
  constexpr unsigned kNoArgument = 9;
  std::vector<Written> list;
  for (const Output& output : row.outputs) {
    if (output.extent == Extent::none) continue;
    if (output.extent == Extent::fixed) {
      list.push_back({output.argument, 0, output.size, false});
    } else if (output.extent == Extent::result) {
      list.push_back({output.argument, output.by, 0, true});
    } else {
      list.push_back({kNoArgument, 0, 0, false});
    }
  }
  return sorted(list);
}

template <class Check>
void for_each_call(const Check& check) {
  for (std::uint32_t number = 0; number < agent::kCallNumbers; ++number) {
    const agent::Call& call = agent::kCallTable.calls[number];
    if (!call.allowed) continue;
    const SyscallRow* row = syscall_row(number);
    ASSERT_TRUE(row) << number;
    check(call, *row);
  }
}

TEST(AgentCalls, ArePlain) {
  unsigned calls = 0;
  for_each_call([&](const agent::Call&, const SyscallRow& row) {
    EXPECT_EQ(row.handling, Handling::plain) << row.name;
    EXPECT_FALSE(row.outputs_on_error) << row.name;
    ++calls;
  });
  EXPECT_GT(calls, 30u);
}

TEST(AgentCalls, WriteWhatTheTableOfAllCallsSays) {
  for_each_call([](const agent::Call& call, const SyscallRow& row) {
    if (call.special == agent::Special::flags) return;  // many calls in one
    EXPECT_EQ(written_by(call), written_by(row)) << row.name;
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

TEST(AgentCalls, ThatMayWaitAskForADescriptor) {
  for_each_call([](const agent::Call& call, const SyscallRow& row) {
    if (row.blocking == Blocking::never) return;
    const bool looks = call.needs != agent::Needs::nothing ||
                       call.special == agent::Special::open ||
                       call.special == agent::Special::openat;
    EXPECT_TRUE(looks) << row.name;
  });
}

}  // namespace
}  // namespace ttrace
