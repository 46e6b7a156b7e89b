#include <asm/unistd_64.h>
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <sys/mman.h>

#include <cerrno>

#include "fake_memory.h"
#include "syscalls/table.h"

namespace ttrace {
namespace {

std::string refused(std::int64_t number, std::array<std::uint64_t, 6> args,
                    const FakeMemory& memory = {}) {
  return refusal({number, args}, memory.peek()).value_or("fine");
}

TEST(Refusal, NamesRefusedRows) {
  EXPECT_EQ(refused(__NR_ptrace, {}), "fine");  // answered; the recorder refuses requests by name
  EXPECT_EQ(refused(__NR_modify_ldt, {}), "system call modify_ldt");
  EXPECT_EQ(refused(__NR_read, {}), "fine");
  EXPECT_EQ(refused(__NR_rseq, {}), "fine");  // answered, not refused
  EXPECT_EQ(refused(7631986, {}), "fine");
}

TEST(Refusal, OfRequests) {
  EXPECT_EQ(refused(__NR_ioctl, {1, 0x5401}), "fine");
  EXPECT_EQ(refused(__NR_ioctl, {1, 0xdead00005401}), "fine");
  EXPECT_EQ(refused(__NR_ioctl, {1, 0x1234}), "ioctl 0x1234");
  EXPECT_EQ(refused(__NR_ioctl, {1, 0x20001234}), "ioctl 0x20001234");
  EXPECT_EQ(refused(__NR_ioctl, {1, 0x80105268}), "fine");
  EXPECT_EQ(refused(__NR_ioctl, {1, 0xc0106400}), "ioctl 0xc0106400 (DRM)");
  EXPECT_EQ(refused(__NR_ioctl, {1, 0x40049409}), "fine");  // FICLONE, of btrfs's kind
  EXPECT_EQ(refused(__NR_ioctl, {1, 0xc0046686}), "ioctl FS_IOC_MEASURE_VERITY");
  EXPECT_EQ(refused(__NR_fcntl, {1, 3}), "fine");
  EXPECT_EQ(refused(__NR_fcntl, {1, 1030, 0}), "fine");
  EXPECT_EQ(refused(__NR_fcntl, {1, 99}), "fcntl 99");
  EXPECT_EQ(refused(__NR_prctl, {15}), "fine");
  EXPECT_EQ(refused(__NR_prctl, {4, 1}), "fine");
  EXPECT_EQ(refused(__NR_prctl, {4, 0}), "fine");
  EXPECT_EQ(refused(__NR_prctl, {22, 2, 0x1000}), "fine");
  EXPECT_EQ(refused(__NR_prctl, {22, 2, 0}), "fine");
  EXPECT_EQ(refused(__NR_prctl, {22, 1, 0}), "prctl PR_SET_SECCOMP 1");
  EXPECT_EQ(refused(__NR_prctl, {26, 2}), "prctl PR_SET_TSC");
  EXPECT_EQ(refused(__NR_prctl, {35, 8, 0}), "fine");
  EXPECT_EQ(refused(__NR_prctl, {35, 7, 0}), "prctl PR_SET_MM 7");
  EXPECT_EQ(refused(__NR_prctl, {59, 0}), "fine");
  EXPECT_EQ(refused(__NR_prctl, {59, 1}), "prctl PR_SET_SYSCALL_USER_DISPATCH");
  EXPECT_EQ(refused(__NR_prctl, {4321}), "prctl 4321");
  EXPECT_EQ(refused(__NR_prctl, {0x53564d41}), "fine");
  EXPECT_EQ(refused(__NR_arch_prctl, {0x1002}), "fine");
  EXPECT_EQ(refused(__NR_arch_prctl, {0x3001}), "fine");
  EXPECT_EQ(refused(__NR_arch_prctl, {0x9999}), "fine");
  EXPECT_EQ(refused(__NR_arch_prctl, {0x1012}), "arch_prctl ARCH_SET_CPUID");
  EXPECT_EQ(refused(__NR_seccomp, {0, 0, 0}), "seccomp SECCOMP_SET_MODE_STRICT");
  EXPECT_EQ(refused(__NR_seccomp, {0, 1, 0}), "fine");  // EINVAL: a probe
  EXPECT_EQ(refused(__NR_seccomp, {1, 0, 0x1000}), "fine");
  EXPECT_EQ(refused(__NR_seccomp, {1, 8, 0}), "fine");  // EFAULT: a probe
  EXPECT_EQ(refused(__NR_seccomp, {1, 8, 0x1000}), "seccomp SECCOMP_FILTER_FLAG_NEW_LISTENER");
  EXPECT_EQ(refused(__NR_seccomp, {1, 0, 0}), "fine");
  EXPECT_EQ(refused(__NR_seccomp, {2, 0, 0x1000}), "fine");
  EXPECT_EQ(refused(__NR_keyctl, {11}), "fine");
  EXPECT_EQ(refused(__NR_keyctl, {23}), "keyctl KEYCTL_DH_COMPUTE");
  EXPECT_EQ(refused(__NR_semctl, {1, 0, 13}), "fine");  // GETALL
  EXPECT_EQ(refused(__NR_futex, {0, 0x80}), "fine");
  EXPECT_EQ(refused(__NR_futex, {0, 6 | 0x80}), "fine");  // FUTEX_LOCK_PI
  EXPECT_EQ(refused(__NR_futex, {0, 12 | 0x80}), "futex FUTEX_CMP_REQUEUE_PI");
}

TEST(Refusal, OfUnknownRequestsDependsOnTheKernel) {
  EXPECT_TRUE(is_unknown_request({__NR_ioctl, {1, 0x1234}}));
  EXPECT_TRUE(is_unknown_request({__NR_ioctl, {1, 0xc0106400}}));  // DRM
  EXPECT_TRUE(is_unknown_request({__NR_semctl, {1, 0, 4321}}));
  EXPECT_FALSE(is_unknown_request({__NR_ioctl, {1, 0xc0046686}}));  // FS_IOC_MEASURE_VERITY
  EXPECT_FALSE(is_unknown_request({__NR_prctl, {26, 2}}));
  EXPECT_FALSE(is_unknown_request({__NR_modify_ldt, {}}));
  for (const int error : {EINVAL, ENOTTY, ENOSYS, EOPNOTSUPP, EBADF}) {
    EXPECT_TRUE(says_unknown_request(-error)) << error;
  }
  for (const std::int64_t result : {0, 1, EINVAL, -EFAULT, -EPERM, -EINTR, -512}) {
    EXPECT_FALSE(says_unknown_request(result)) << result;
  }
}

TEST(Refusal, OfEthtoolDependsOnItsCommand) {
  FakeMemory memory;
  memory.put(0x1010, std::uint64_t(0x2000));  // struct ifreq
  memory.put(0x2000, std::uint32_t(1));       // ETHTOOL_GSET
  EXPECT_EQ(refused(__NR_ioctl, {1, 0x8946, 0x1000}, memory), "fine");
  memory.put(0x2000, std::uint32_t(0x1d));  // ETHTOOL_GSTATS
  EXPECT_EQ(refused(__NR_ioctl, {1, 0x8946, 0x1000}, memory), "ioctl SIOCETHTOOL");
}

TEST(Refusal, OfTasks) {
  EXPECT_EQ(refused(__NR_clone, {0x003d0f00}), "fine");  // pthread_create
  EXPECT_EQ(refused(__NR_clone, {0x01200011}), "fine");  // fork
  EXPECT_EQ(refused(__NR_clone, {CLONE_UNTRACED | CLONE_VM}), "fine");
  EXPECT_EQ(refused(__NR_clone, {CLONE_NEWPID}), "clone CLONE_NEWPID");
  FakeMemory memory;
  memory.put(0x1000, std::uint64_t(CLONE_NEWNET));
  memory.put(0x2000, std::uint64_t(0x003d0f00));
  memory.put(0x3000, std::uint64_t(0x80));
  memory.put(0x5000, std::uint64_t(CLONE_UNTRACED));
  EXPECT_EQ(refused(__NR_clone3, {0x1000, 88}, memory), "clone3 CLONE_NEWNET");
  EXPECT_EQ(refused(__NR_clone3, {0x2000, 88}, memory), "fine");
  EXPECT_EQ(refused(__NR_clone3, {0x3000, 88}, memory), "clone3 CLONE_NEWTIME");
  EXPECT_EQ(refused(__NR_clone3, {0x4000, 88}, memory), "fine");  // EFAULT
  EXPECT_EQ(refused(__NR_clone3, {0x5000, 88}, memory), "clone3 CLONE_UNTRACED");
  EXPECT_EQ(refused(__NR_unshare, {CLONE_NEWNS}), "fine");
  EXPECT_EQ(refused(__NR_unshare, {CLONE_NEWPID}), "unshare CLONE_NEWPID");
  EXPECT_EQ(refused(__NR_personality, {0xffffffff}), "fine");
  EXPECT_EQ(refused(__NR_personality, {0x0040000}), "fine");
  EXPECT_EQ(refused(__NR_personality, {0x0400000}), "personality READ_IMPLIES_EXEC");
}

TEST(Refusal, OfSocketOptions) {
  EXPECT_EQ(refused(__NR_setsockopt, {3, 1, 2}), "fine");
  EXPECT_EQ(refused(__NR_setsockopt, {3, 0, 64}), "setsockopt IPT_SO_SET_REPLACE");
  EXPECT_EQ(refused(__NR_getsockopt, {3, 6, 35}), "getsockopt TCP_ZEROCOPY_RECEIVE");
}

}  // namespace
}  // namespace ttrace
