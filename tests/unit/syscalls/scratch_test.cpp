#include <asm/unistd_64.h>
#include <gtest/gtest.h>

#include "fake_memory.h"
#include "syscalls/table.h"

namespace ttrace {
namespace {

using Args = std::array<std::uint64_t, 6>;

std::string slots(int number, Args args, const FakeMemory& memory) {
  const auto found = scratch_slots({number, args}, memory.peek());
  if (!found) return "direct";
  std::string text;
  for (const ScratchSlot& slot : *found) {
    text += std::to_string(slot.argument) +
            (slot.inside ? "." + std::to_string(slot.inside->offset) + "=" +
                               std::to_string(slot.inside->slot)
                         : "") +
            ":" + std::to_string(slot.length) + (slot.copy_in ? "+ " : " ");
  }
  return text;
}

class Scratch : public testing::Test {
 protected:
  Scratch() {
    memory_.map(0x1000, 0x10000);
    memory_.put(kB, std::uint32_t(28));
  }
  std::string slots(int number, Args args) { return ttrace::slots(number, args, memory_); }

  static constexpr std::uint64_t kA = 0x2000, kB = 0x4000, kC = 0x6000, kD = 0x8000;
  FakeMemory memory_;
};

TEST_F(Scratch, OfCallsWithBuffers) {
  EXPECT_EQ(slots(__NR_read, {3, kA, 100}), "1:100 ");
  EXPECT_EQ(slots(__NR_read, {3, kA, 0}), "");
  EXPECT_EQ(slots(__NR_read, {3, 0, 100}), "");
  EXPECT_EQ(slots(__NR_write, {3, kA, 100}), "");
  EXPECT_EQ(slots(__NR_poll, {kA, 2, 0}), "0:16+ ");
  EXPECT_EQ(slots(__NR_ppoll, {kA, 2, kC, 0, 0}), "0:16+ 2:16+ ");
  EXPECT_EQ(slots(__NR_select, {8, kA, 0, kC, kD}), "1:8+ 3:8+ 4:16+ ");
  EXPECT_EQ(slots(__NR_pselect6, {8, kA, 0, 0, kD, kC}), "1:8+ 4:16+ ");
  EXPECT_EQ(slots(__NR_epoll_wait, {3, kA, 4, 0}), "1:48+ ");
  EXPECT_EQ(slots(__NR_wait4, {1, kA, 0, kC}), "1:4+ 3:144+ ");
  EXPECT_EQ(slots(__NR_waitid, {1, 1, kA, 4, 0}), "2:128+ ");
  EXPECT_EQ(slots(__NR_nanosleep, {kC, kA}), "1:16+ ");
  EXPECT_EQ(slots(__NR_nanosleep, {kC, 0}), "");
  EXPECT_EQ(slots(__NR_accept, {3, kA, kB}), "1:28+ 2:4+ ");
  EXPECT_EQ(slots(__NR_accept, {3, 0, 0}), "");
  EXPECT_EQ(slots(__NR_recvfrom, {3, kC, 64, 0, kA, kB}), "1:64 4:28+ 5:4+ ");
  EXPECT_EQ(slots(__NR_rt_sigtimedwait, {kC, kA, 0, 8}), "1:128+ ");
  EXPECT_EQ(slots(__NR_msgrcv, {3, kA, 100, 0, 0}), "1:108+ ");
  EXPECT_EQ(slots(__NR_futex, {kA, 128, 0, 0, 0, 0}), "");
  EXPECT_EQ(slots(__NR_fcntl, {3, 7, kA}), "");
  EXPECT_EQ(slots(__NR_ioctl, {3, 0x5409, 1}), "");
}

TEST_F(Scratch, OfVectorsAndMessages) {
  memory_.put(kA, kC);
  memory_.put(kA + 8, std::uint64_t(3));
  memory_.put(kA + 16, std::uint64_t(0));
  memory_.put(kA + 24, std::uint64_t(0));
  memory_.put(kA + 32, kC + 3);
  memory_.put(kA + 40, std::uint64_t(50));
  EXPECT_EQ(slots(__NR_readv, {3, kA, 3}), "1:48+ 0.0=0:3 0.32=0:50 ");
  memory_.put(kA + 32, kC + 2);
  EXPECT_EQ(slots(__NR_readv, {3, kA, 3}), "direct");  // they overlap
  EXPECT_EQ(slots(__NR_readv, {3, kA, 1025}), "direct");

  memory_.put(kB, kD);  // name and its length
  memory_.put(kB + 8, std::uint64_t(16));
  memory_.put(kB + 16, kA);  // vectors
  memory_.put(kB + 24, std::uint64_t(1));
  memory_.put(kB + 32, kD + 64);  // control
  memory_.put(kB + 40, std::uint64_t(24));
  EXPECT_EQ(slots(__NR_recvmsg, {3, kB, 0}), "1:56+ 0.0=0:16+ 0.32=0:24+ 0.16=0:16+ 0.0=3:3 ");
  EXPECT_EQ(slots(__NR_recvmmsg, {3, kB, 1, 0, 0}),
            "1:64+ 0.0=0:16+ 0.32=0:24+ 0.16=0:16+ 0.0=3:3 ");
}

TEST_F(Scratch, IsNotForEveryCall) {
  EXPECT_EQ(slots(__NR_sendmmsg, {3, kA, 1, 0}), "direct");
  EXPECT_EQ(slots(__NR_futex, {kA, 8, 0, 0, 0, 0}), "direct");
  EXPECT_EQ(slots(__NR_ioctl, {3, 0x5401, kA}), "direct");
  EXPECT_EQ(slots(__NR_mmap, {0, 4096, 3, 34, ~0ull, 0}), "direct");
  EXPECT_EQ(slots(7631986, {}), "direct");
}

TEST_F(Scratch, HidesNoBadPointerAndNoOverlap) {
  EXPECT_EQ(slots(__NR_read, {3, 0x666000, 100}), "direct");
  EXPECT_EQ(slots(__NR_read, {3, 0x10ff0, 100}), "direct");  // begins inside, ends outside
  EXPECT_EQ(slots(__NR_recvfrom, {3, kA, 100, 0, kA + 99, kB}), "direct");
  EXPECT_EQ(slots(__NR_accept, {3, kA, 0x666000}), "direct");
  memory_.put(kB, -1);
  EXPECT_EQ(slots(__NR_accept, {3, kA, kB}), "direct");
}

TEST_F(Scratch, IsLimited) {
  memory_.map(0x1000000, 0x2000000);
  EXPECT_EQ(slots(__NR_read, {3, 0x1000000, 0x1000000}), "1:16777216 ");
  EXPECT_EQ(slots(__NR_read, {3, 0x1000000, 0x1000001}), "1:8388608 ");  // a stream gives less
  EXPECT_EQ(slots(__NR_pread64, {3, 0x1000000, 0x1000001, 0}), "direct");
  EXPECT_EQ(slots(__NR_recvfrom, {3, 0x1000000, 0x1000001, 0x100, 0, 0}), "direct");
}

}  // namespace
}  // namespace ttrace
