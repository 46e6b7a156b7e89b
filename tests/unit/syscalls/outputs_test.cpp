#include <asm/unistd_64.h>
#include <errno.h>
#include <gtest/gtest.h>

#include "fake_memory.h"
#include "syscalls/table.h"

namespace ttrace {
namespace {

using Args = std::array<std::uint64_t, 6>;

/// What the call wrote, if memory is the same before and after it.
std::vector<Range> outputs(int number, Args args, std::int64_t result, const FakeMemory& memory) {
  const SyscallView call{number, args, result};
  const MemoryPeek peek = memory.peek();
  return sorted(outputs_of(call, before_call(call, peek), peek));
}

std::vector<Range> outputs(int number, Args args, std::int64_t result) {
  FakeMemory memory;
  memory.map(0x1000, 0x100000);
  return outputs(number, args, result, memory);
}

using Ranges = std::vector<Range>;

struct Case {
  int number;
  Args args;
  std::int64_t result;
  Ranges expected;
};

constexpr std::uint64_t kA = 0x2000, kB = 0x4000, kC = 0x6000, kD = 0x8000;
constexpr std::int64_t kRestart = -512;
constexpr std::int64_t kRestartBlock = -516;

TEST(Outputs, OfRepresentativeCalls) {
  const Case cases[] = {
      {__NR_read, {3, kA, 100}, 40, {{kA, 40}}},
      {__NR_read, {3, kA, 100}, 0, {}},
      {__NR_read, {3, kA, 100}, -EAGAIN, {}},
      {__NR_read, {3, kA, 100}, -EFAULT, {{kA, 100}}},
      {__NR_write, {1, kA, 100}, 100, {}},
      {__NR_fstat, {3, kA}, 0, {{kA, 144}}},
      {__NR_newfstatat, {3, kB, kA, 0}, 0, {{kA, 144}}},
      {__NR_newfstatat, {3, kB, kA, 0}, -ENOENT, {}},
      {__NR_statx, {3, kB, 0, 0, kA}, 0, {{kA, 256}}},
      {__NR_statfs, {kB, kA}, 0, {{kA, 120}}},
      {__NR_pipe2, {kA, 0}, 0, {{kA, 8}}},
      {__NR_socketpair, {1, 1, 0, kA}, -EAFNOSUPPORT, {{kA, 8}}},
      {__NR_wait4, {1, kA, 0, kB}, 77, {{kA, 4}, {kB, 144}}},
      {__NR_wait4, {1, kA, 0, 0}, 77, {{kA, 4}}},
      {__NR_wait4, {1, kA, 0, 0}, kRestart, {}},
      {__NR_waitid, {0, 0, kA, 4, 0}, -ECHILD, {{kA, 128}}},
      {__NR_uname, {kA}, 0, {{kA, 390}}},
      {__NR_sysinfo, {kA}, 0, {{kA, 112}}},
      {__NR_times, {kA}, 1, {{kA, 32}}},
      {__NR_gettimeofday, {kA, 0}, 0, {{kA, 16}}},
      {__NR_clock_gettime, {0, kA}, 0, {{kA, 16}}},
      {__NR_time, {0}, 5, {}},
      {__NR_nanosleep, {kB, kA}, -EINTR, {{kA, 16}}},
      {__NR_nanosleep, {kB, kA}, kRestartBlock, {{kA, 16}}},
      {__NR_clock_nanosleep, {0, 0, kB, kA}, -EINTR, {{kA, 16}}},
      {__NR_getitimer, {0, kA}, 0, {{kA, 32}}},
      {__NR_setitimer, {0, kB, kA}, 0, {{kA, 32}}},
      {__NR_timerfd_settime, {3, 0, kB, kA}, 0, {{kA, 32}}},
      {__NR_timer_create, {0, kB, kA}, 0, {{kA, 4}}},
      {__NR_rt_sigaction, {1, kB, kA, 8}, 0, {{kA, 32}}},
      {__NR_rt_sigaction, {1, kB, 0, 8}, 0, {}},
      {__NR_rt_sigprocmask, {0, kB, kA, 8}, 0, {{kA, 8}}},
      {__NR_rt_sigpending, {kA, 8}, 0, {{kA, 8}}},
      {__NR_rt_sigtimedwait, {kB, kA, 0, 8}, 10, {{kA, 128}}},
      {__NR_sigaltstack, {0, kA}, 0, {{kA, 24}}},
      {__NR_prlimit64, {0, 7, 0, kA}, 0, {{kA, 16}}},
      {__NR_getrusage, {0, kA}, 0, {{kA, 144}}},
      {__NR_getrandom, {kA, 16, 0}, 16, {{kA, 16}}},
      {__NR_getcwd, {kA, 100}, 6, {{kA, 6}}},
      {__NR_readlink, {kB, kA, 50}, 50, {{kA, 50}}},
      {__NR_getdents64, {3, kA, 4096}, 48, {{kA, 48}}},
      {__NR_getgroups, {4, kA}, 3, {{kA, 12}}},
      {__NR_getresuid, {kA, kB, kC}, 0, {{kA, 4}, {kB, 4}, {kC, 4}}},
      {__NR_sched_getaffinity, {0, 128, kA}, 8, {{kA, 8}}},
      {__NR_getcpu, {kA, kB, 0}, 0, {{kA, 4}, {kB, 4}}},
      {__NR_epoll_wait, {3, kA, 10, 0}, 2, {{kA, 24}}},
      {__NR_epoll_pwait2, {3, kA, 10, kB, 0, 8}, 2, {{kA, 24}}},
      {__NR_poll, {kA, 3, 0}, 1, {{kA, 24}}},
      {__NR_poll, {kA, 3, 0}, kRestartBlock, {{kA, 24}}},
      {__NR_ppoll, {kA, 3, kB, 0, 8}, -514, {{kA, 24}, {kB, 16}}},
      {__NR_select, {65, kA, kB, 0, kC}, 1, {{kA, 16}, {kB, 16}, {kC, 16}}},
      {__NR_pselect6, {1, kA, 0, 0, kC, kD}, -EINTR, {{kA, 8}, {kC, 16}}},
      {__NR_sendfile, {3, 4, kA, 10}, 10, {{kA, 8}}},
      {__NR_splice, {3, kA, 4, kB, 10, 0}, 10, {{kA, 8}, {kB, 8}}},
      {__NR_mincore, {0x10000, 4097, kA}, 0, {{kA, 2}}},
      {__NR_msgrcv, {1, kA, 100, 0, 0}, 10, {{kA, 18}}},
      {__NR_mq_timedreceive, {3, kA, 100, kB, 0}, 10, {{kA, 10}, {kB, 4}}},
      {__NR_get_robust_list, {0, kA, kB}, 0, {{kA, 8}, {kB, 8}}},
      {__NR_get_mempolicy, {kA, kB, 65, 0, 0}, 0, {{kA, 4}, {kB, 8}}},
      {__NR_get_mempolicy, {kA, kB, 1024, 0, 0}, 0, {{kA, 4}, {kB, 128}}},
      {__NR_futex, {kA, 128, 1, 0, 0, 0}, 0, {}},
      {__NR_futex, {kA, 1 | 128, 1, 0, 0, 0}, 0, {}},
      {__NR_futex, {kA, 8 | 128, 0, 0, 0, 0}, -EAGAIN, {{kA, 4}}},
      {__NR_futex, {kA, 5, 1, 1, kB, 0}, 1, {{kB, 4}}},
      {__NR_fcntl, {3, 1, 0}, 1, {}},
      {__NR_fcntl, {3, 5, kA}, 0, {{kA, 32}}},
      {__NR_fcntl, {3, 7, kA}, 0, {}},
      {__NR_prctl, {16, kA}, 0, {{kA, 16}}},
      {__NR_prctl, {15, kA}, 0, {}},
      {__NR_prctl, {35, 15, kA}, 0, {{kA, 4}}},
      {__NR_prctl, {62, 0, 1, 0, kA}, 0, {{kA, 8}}},
      {__NR_arch_prctl, {0x1003, kA}, 0, {{kA, 8}}},
      {__NR_arch_prctl, {0x1002, kA}, 0, {}},
      {__NR_arch_prctl, {0x3001, kA}, -EINVAL, {}},
      {__NR_ioctl, {0, 0x5401, kA}, 0, {{kA, 36}}},
      {__NR_ioctl, {0, 0x5413, kA}, 0, {{kA, 8}}},
      {__NR_ioctl, {0, 0x5402, kA}, 0, {}},
      {__NR_ioctl, {0, 0x80105268, kA}, 0, {{kA, 16}}},
      {__NR_ioctl, {0, 0x40105268, kA}, 0, {}},
      {__NR_seccomp, {3, 0, kA}, 0, {{kA, 6}}},
      {__NR_syslog, {3, kA, 100}, 60, {{kA, 60}}},
      {__NR_syslog, {10, kA, 100}, 60, {}},
      {__NR_clone, {0x01200011, 0, 0, kA, 0}, 9, {}},
      {__NR_clone, {0x003d0f00, 0, kA, kB, 0}, 9, {{kA, 4}}},
      {__NR_clone, {0x01000100, 0, 0, kB, 0}, 9, {{kB, 4}}},
      {__NR_sendmmsg, {3, kA, 3, 0}, 2, {{kA + 56, 4}, {kA + 120, 4}}},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(outputs(c.number, c.args, c.result), c.expected)
        << describe({c.number, c.args, c.result}, c.result);
  }
}

TEST(Outputs, NeverExceedTheArguments) {
  EXPECT_EQ(outputs(__NR_read, {3, kA, 10}, 4000), (Ranges{{kA, 10}}));
  EXPECT_EQ(outputs(__NR_getxattr, {kB, kC, kA, 0}, 30), Ranges{});
  EXPECT_EQ(outputs(__NR_getgroups, {0, kA}, 30), Ranges{});
  EXPECT_EQ(outputs(__NR_epoll_wait, {3, kA, 2, 0}, 30), (Ranges{{kA, 24}}));
  EXPECT_EQ(outputs(__NR_msgrcv, {1, kA, 4, 0, 0}, 30), (Ranges{{kA, 12}}));
  // Only the lower half of an int's register counts.
  EXPECT_EQ(outputs(__NR_poll, {kA, 0xdead00000001, 0}, 1), (Ranges{{kA, 8}}));
  EXPECT_EQ(outputs(__NR_select, {0xdeadffffffff, kA, 0, 0, 0}, -EINVAL), Ranges{});
}

TEST(Outputs, OfAFaultAreWhatCanBeThere) {
  FakeMemory memory;
  memory.map(0x10000, 0x1000);
  EXPECT_EQ(outputs(__NR_read, {3, 0x10f00, 4096}, -EFAULT, memory), (Ranges{{0x10f00, 0x100}}));
  EXPECT_EQ(outputs(__NR_read, {3, 0x666000, 4096}, -EFAULT, memory), Ranges{});
  EXPECT_EQ(outputs(__NR_read, {3, 0x666000, ~0ull}, -EFAULT, memory), Ranges{});
  memory.map(0x40000000, 0x1800000);
  EXPECT_EQ(outputs(__NR_read, {3, 0x40000000, 0x1800000}, -EFAULT, memory),
            (Ranges{{0x40000000, 16 << 20}}));
}

TEST(Outputs, OfReadvEndAtTheResult) {
  FakeMemory memory;
  memory.put(kA, std::array<std::uint64_t, 6>{0x10000, 10, 0, 0, 0x20000, 20});
  memory.map(0x10000, 10);
  memory.map(0x20000, 20);
  EXPECT_EQ(outputs(__NR_readv, {3, kA, 3}, 4, memory), (Ranges{{0x10000, 4}}));
  EXPECT_EQ(outputs(__NR_preadv2, {3, kA, 3, 0, 0, 0}, 15, memory),
            (Ranges{{0x10000, 10}, {0x20000, 5}}));
  EXPECT_EQ(outputs(__NR_readv, {3, kA, 3}, 1000, memory), (Ranges{{0x10000, 10}, {0x20000, 20}}));
  EXPECT_EQ(outputs(__NR_readv, {3, kA, 3}, -EFAULT, memory),
            (Ranges{{0x10000, 10}, {0x20000, 20}}));
  EXPECT_EQ(outputs(__NR_readv, {3, kA, 3}, -EAGAIN, memory), Ranges{});
  EXPECT_EQ(outputs(__NR_readv, {3, kA, 4}, 4, memory), Ranges{});     // unreadable
  EXPECT_EQ(outputs(__NR_readv, {3, kA, 2000}, 4, memory), Ranges{});  // EINVAL in the kernel
  EXPECT_EQ(outputs(__NR_process_vm_readv, {1, kA, 3, kB, 1, 0}, 12, memory),
            (Ranges{{0x10000, 10}, {0x20000, 2}}));
}

TEST(Outputs, OfReadvAreThoseOfItsStart) {
  FakeMemory memory;
  memory.put(kA, std::array<std::uint64_t, 2>{0x10000, 10});
  const SyscallView call{__NR_readv, {3, kA, 1}, 10};
  const OutputNotes notes = before_call(call, memory.peek());
  memory.put(kA, std::array<std::uint64_t, 2>{0x50000, 99});
  EXPECT_EQ(sorted(outputs_of(call, notes, memory.peek())), (Ranges{{0x10000, 10}}));
}

struct Message {
  std::uint64_t name;
  std::uint64_t name_length;
  std::uint64_t vectors;
  std::uint64_t vector_count;
  std::uint64_t control;
  std::uint64_t control_length;
  std::uint64_t flags;
};
struct ManyMessage {
  Message message;
  std::uint64_t length;
};

TEST(Outputs, OfRecvmsgUseLengthsBeforeAndAfter) {
  FakeMemory memory;
  memory.map(0x10000, 0x10000);
  memory.put(kB, std::array<std::uint64_t, 2>{0x10000, 100});
  memory.put(kA, Message{0x11000, 28, kB, 1, 0x12000, 64, 0});
  const SyscallView call{__NR_recvmsg, {3, kA, 0}, 7};
  const OutputNotes notes = before_call(call, memory.peek());
  memory.put(kA, Message{0x11000, 16, kB, 1, 0x12000, 24, 0});
  const Ranges written{{kA, 56}, {0x10000, 7}, {0x11000, 16}, {0x12000, 24}};
  EXPECT_EQ(sorted(outputs_of(call, notes, memory.peek())), written);
  // An address that did not fit: its whole length is told, but no more written than there was room.
  memory.put(kA, Message{0x11000, 110, kB, 1, 0x12000, 0, 0});
  const Ranges cut{{kA, 56}, {0x10000, 7}, {0x11000, 28}};
  EXPECT_EQ(sorted(outputs_of(call, notes, memory.peek())), cut);
  const SyscallView fault{__NR_recvmsg, {3, kA, 0}, -EFAULT};
  const Ranges all{{kA, 56}, {0x10000, 100}, {0x11000, 28}, {0x12000, 64}};
  EXPECT_EQ(sorted(outputs_of(fault, notes, memory.peek())), all);
  const SyscallView again{__NR_recvmsg, {3, kA, 0}, -EAGAIN};
  EXPECT_TRUE(outputs_of(again, notes, memory.peek()).empty());
}

TEST(Outputs, OfRecvmmsgAreThoseOfTheMessagesReceived) {
  FakeMemory memory;
  memory.map(0x10000, 0x10000);
  memory.put(kB, std::array<std::uint64_t, 4>{0x10000, 100, 0x11000, 100});
  const ManyMessage first{{0, 0, kB, 1, 0, 0, 0}, 5};
  const ManyMessage second{{0, 0, kB + 16, 1, 0, 0, 0}, 300};  // truncated
  memory.put(kA, std::array<ManyMessage, 3>{first, second, second});
  const Ranges two{{kA, 64}, {kA + 64, 64}, {kC, 16}, {0x10000, 5}, {0x11000, 100}};
  memory.map(kC, 16);
  EXPECT_EQ(outputs(__NR_recvmmsg, {3, kA, 3, 0, kC}, 2, memory), two);
  EXPECT_EQ(outputs(__NR_recvmmsg, {3, kA, 3, 0, 0}, -EAGAIN, memory), Ranges{});
}

TEST(Outputs, OfAddressesUseLengthsBeforeAndAfter) {
  FakeMemory memory;
  memory.map(kA, 256);
  memory.map(kC, 100);
  memory.put(kB, std::uint32_t(28));
  const SyscallView accept{__NR_accept, {3, kA, kB}, 4};
  const OutputNotes notes = before_call(accept, memory.peek());
  memory.put(kB, std::uint32_t(16));
  EXPECT_EQ(sorted(outputs_of(accept, notes, memory.peek())), (Ranges{{kA, 16}, {kB, 4}}));
  memory.put(kB, std::uint32_t(110));
  EXPECT_EQ(sorted(outputs_of(accept, notes, memory.peek())), (Ranges{{kA, 28}, {kB, 4}}));
  EXPECT_EQ(outputs(__NR_accept, {3, 0, 0}, 4, memory), Ranges{});
  memory.put(kB, std::uint32_t(16));
  EXPECT_EQ(outputs(__NR_recvfrom, {3, kC, 100, 0, kA, kB}, 300, memory),
            (Ranges{{kA, 16}, {kB, 4}, {kC, 100}}));
  memory.put(kB, std::int32_t(-1));
  EXPECT_EQ(outputs(__NR_getsockname, {3, kA, kB}, -EFAULT, memory), (Ranges{{kB, 4}}));
  // The address is longer than any that the kernel knows.
  memory.put(kB, std::uint32_t(200));
  EXPECT_EQ(outputs(__NR_getpeername, {3, kA, kB}, -EFAULT, memory), (Ranges{{kA, 128}, {kB, 4}}));
}

TEST(Outputs, OfGetsockoptIncludeTheLengthOfAFailure) {
  FakeMemory memory;
  memory.map(kA, 256);
  memory.put(kB, std::uint32_t(4));
  EXPECT_EQ(outputs(__NR_getsockopt, {3, 1, 4, kA, kB}, 0, memory), (Ranges{{kA, 4}, {kB, 4}}));
  EXPECT_EQ(outputs(__NR_getsockopt, {3, 1, 59, kA, kB}, -ERANGE, memory),
            (Ranges{{kA, 4}, {kB, 4}}));
}

TEST(Outputs, OfIoctlsWithArraysInThem) {
  FakeMemory memory;
  memory.map(kA, 4096);
  memory.map(kC, 4096);
  memory.put(kA + 24, std::uint32_t(3));
  EXPECT_EQ(outputs(__NR_ioctl, {3, 0xc020660b, kA}, 0, memory), (Ranges{{kA, 32 + 3 * 56}}));
  memory.put(kA + 16, std::uint16_t(2));
  EXPECT_EQ(outputs(__NR_ioctl, {3, 0xc0189436, kA}, 0, memory), (Ranges{{kA, 24 + 2 * 32}}));
  memory.put(kA, std::uint32_t(80));
  memory.put(kA + 8, std::uint64_t(kC));
  EXPECT_EQ(outputs(__NR_ioctl, {3, 0x8912, kA}, 0, memory), (Ranges{{kA, 16}, {kC, 80}}));
}

TEST(Outputs, OfCallsWithLengthsInTheirStructures) {
  FakeMemory memory;
  memory.map(kA, 4096);
  memory.map(kB, 4096);
  memory.put(kA, std::uint32_t(64));
  EXPECT_EQ(outputs(__NR_name_to_handle_at, {3, kC, kA, kB, 0}, -EOVERFLOW, memory),
            (Ranges{{kA, 72}, {kB, 4}}));
  memory.put(kA, std::uint32_t(0x20080522));
  EXPECT_EQ(outputs(__NR_capget, {kA, kB}, 0, memory), (Ranges{{kA, 8}, {kB, 24}}));
  EXPECT_EQ(outputs(__NR_capget, {kA, kB}, -EINVAL, memory), (Ranges{{kA, 8}}));
  memory.put(kA, std::uint32_t(0x19980330));
  EXPECT_EQ(outputs(__NR_capget, {kA, kB}, 0, memory), (Ranges{{kA, 8}, {kB, 12}}));
  const std::array<std::uint64_t, 8> clone_args{0x01101100, kB, kB + 8, kB + 16, 0, 0, 0, 0};
  memory.put(kA, clone_args);
  EXPECT_EQ(outputs(__NR_clone3, {kA, 88}, 9, memory),
            (Ranges{{kB, 4}, {kB + 8, 4}, {kB + 16, 4}}));
  memory.put(kA, std::array<char, 5>{'e', 'x', 't', '4', 0});
  EXPECT_EQ(outputs(__NR_sysfs, {2, 1, kA}, 0, memory), (Ranges{{kA, 5}}));
  EXPECT_EQ(outputs(__NR_sysfs, {3, 1, kA}, 30, memory), Ranges{});
}

TEST(Outputs, OfUnknownCallsAreNone) {
  EXPECT_EQ(outputs(7631986, {kA, kB, kC}, 0), Ranges{});
  EXPECT_EQ(outputs(-1, {kA, kB, kC}, 0), Ranges{});
}

// Whatever the registers hold: no crash, no null pointer, nothing beyond the address space.
TEST(Outputs, OfNonsenseAreBounded) {
  const std::uint64_t values[] = {0, 1, kA, 0x7fffffff, 0xffffffff, INT64_MAX, UINT64_MAX};
  FakeMemory memory;
  memory.map(0x1000, 0x4000);
  const MemoryPeek peek = memory.peek();
  for (const SyscallRow& row : syscall_rows()) {
    for (std::uint64_t value : values) {
      for (std::int64_t result : {std::int64_t(0), std::int64_t(8), INT64_MAX,
                                  std::int64_t(-EFAULT), std::int64_t(-EINTR)}) {
        const SyscallView call{row.number, {value, value, value, value, value, value}, result};
        for (const MemoryRange& range : outputs_of(call, before_call(call, peek), peek)) {
          EXPECT_NE(range.at.value(), 0u) << row.name;
          EXPECT_NE(range.length, 0u) << row.name;
          EXPECT_GE(range.at.value() + range.length, range.at.value()) << row.name;
          if (result < 0) {
            EXPECT_LE(range.length, 16u << 20) << row.name;
          }
        }
        scratch_slots(call, peek);
        refusal(call, peek);
      }
    }
  }
}

}  // namespace
}  // namespace ttrace
