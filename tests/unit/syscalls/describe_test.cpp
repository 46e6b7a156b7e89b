#include <asm/unistd_64.h>
#include <gtest/gtest.h>

#include "syscalls/table.h"

namespace ttrace {
namespace {

TEST(Describe, ShowsArgumentsAndResult) {
  const SyscallView open{__NR_openat, {0xffffff9c, 0x7ffff7f2a0e4, 0x80000, 0, 99, 99}};
  EXPECT_EQ(describe(open, 3), "openat(-100, 0x7ffff7f2a0e4, 0x80000, 0) = 3");
  EXPECT_EQ(describe(open, -2), "openat(-100, 0x7ffff7f2a0e4, 0x80000, 0) = -ENOENT");
  EXPECT_EQ(describe(open, std::nullopt), "openat(-100, 0x7ffff7f2a0e4, 0x80000, 0) = ?");
  EXPECT_EQ(describe({__NR_close, {~0ull}}, -9), "close(-1) = -EBADF");
  EXPECT_EQ(describe({__NR_getpid, {}}, 4000000), "getpid() = 4000000");
  EXPECT_EQ(describe({__NR_brk, {0}}, 0x555555559000), "brk(0) = 0x555555559000");
  EXPECT_EQ(describe({__NR_pause, {}}, -514), "pause() = -ERESTARTNOHAND");
  EXPECT_EQ(describe({1234, {1, 2, 3, 4, 5, 6}}, -38), "syscall 1234(1, 2, 3, 4, 5, 6) = -ENOSYS");
}

TEST(Names, OfErrors) {
  EXPECT_EQ(errno_name(2), "ENOENT");
  EXPECT_EQ(errno_name(11), "EAGAIN");
  EXPECT_EQ(errno_name(95), "EOPNOTSUPP");
  EXPECT_EQ(errno_name(512), "ERESTARTSYS");
  EXPECT_EQ(errno_name(516), "ERESTART_RESTARTBLOCK");
  EXPECT_EQ(errno_name(4321), "errno 4321");
  EXPECT_EQ(errno_name(0), "errno 0");
  EXPECT_EQ(errno_name(-5), "errno -5");
}

TEST(Names, OfSignals) {
  EXPECT_EQ(signal_name(1), "SIGHUP");
  EXPECT_EQ(signal_name(11), "SIGSEGV");
  EXPECT_EQ(signal_name(29), "SIGIO");
  EXPECT_EQ(signal_name(31), "SIGSYS");
  EXPECT_EQ(signal_name(32), "signal 32");
  EXPECT_EQ(signal_name(34), "SIGRTMIN");
  EXPECT_EQ(signal_name(37), "SIGRTMIN+3");
  EXPECT_EQ(signal_name(64), "SIGRTMIN+30");
  EXPECT_EQ(signal_name(65), "signal 65");
  EXPECT_EQ(signal_name(0), "signal 0");
  EXPECT_EQ(signal_name(-1), "signal -1");
}

}  // namespace
}  // namespace ttrace
