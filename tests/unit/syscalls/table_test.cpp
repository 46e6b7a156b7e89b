#include "syscalls/table.h"

#include <asm/unistd_64.h>
#include <gtest/gtest.h>

#include "syscalls/requests.h"

namespace ttrace {
namespace {

struct KernelCall {
  int row;
  int header;
  const char* name;
};

// Each row's number beside the one that the kernel's header gives to its name.
#define ROW(number, name, ...) KernelCall{number, __NR_##name, #name},
#define ROW_ON_ERROR ROW
#define NOT_HERE ROW
constexpr KernelCall kKernelCalls[] = {
#include "syscalls/syscalls.inc"
};
#undef ROW
#undef ROW_ON_ERROR
#undef NOT_HERE

TEST(SyscallTable, GivesEachCallItsNumber) {
  for (const KernelCall& call : kKernelCalls) {
    EXPECT_EQ(call.row, call.header) << call.name;
    const SyscallRow* row = syscall_row(call.header);
    ASSERT_TRUE(row) << call.name;
    EXPECT_STREQ(row->name, call.name);
    EXPECT_EQ(row->number, call.header);
  }
}

TEST(SyscallTable, HasEveryCallOfLinux61) {
  for (int number = __NR_read; number <= __NR_rseq; ++number) {
    EXPECT_TRUE(syscall_row(number)) << number;
  }
  for (int number = __NR_pidfd_send_signal; number <= __NR_set_mempolicy_home_node; ++number) {
    EXPECT_TRUE(syscall_row(number)) << number;
  }
  EXPECT_EQ(syscall_rows().size(), 362u);
}

TEST(SyscallTable, KnowsNothingElse) {
  EXPECT_FALSE(syscall_row(-1));
  EXPECT_FALSE(syscall_row(335));
  EXPECT_FALSE(syscall_row(423));
  EXPECT_FALSE(syscall_row(451));
  EXPECT_FALSE(syscall_row(7631986));
  EXPECT_FALSE(syscall_row(0x40000000));
  EXPECT_FALSE(syscall_row(INT64_MIN));
  EXPECT_FALSE(syscall_row(INT64_MAX));
  EXPECT_EQ(syscall_name(257), "openat");
  EXPECT_EQ(syscall_name(1234), "syscall 1234");
}

TEST(SyscallTable, SaysWhyNot) {
  for (const SyscallRow& row : syscall_rows()) {
    const bool not_here = row.handling == Handling::refused || row.handling == Handling::absent;
    EXPECT_EQ(not_here, *row.why != '\0') << row.name;
  }
}

TEST(SyscallTable, OutputsNameArgumentsOfTheCall) {
  for (const SyscallRow& row : syscall_rows()) {
    EXPECT_LE(row.argument_count, 6) << row.name;
    bool any = false;
    for (const Output& output : row.outputs) {
      if (output.extent == Extent::none) continue;
      any = true;
      if (output.extent == Extent::special) continue;
      EXPECT_LT(output.argument, row.argument_count) << row.name;
      EXPECT_LT(output.by, row.argument_count) << row.name;
      if (output.extent != Extent::fixed && output.extent != Extent::message) {
        EXPECT_NE(output.by, output.argument) << row.name;
      }
      const bool sized = output.extent == Extent::fixed || output.extent == Extent::result_times ||
                         output.extent == Extent::argument_times;
      if (sized) {
        EXPECT_GT(output.size, 0u) << row.name;
      }
    }
    EXPECT_TRUE(any || !row.outputs_on_error) << row.name;
  }
}

TEST(SyscallTable, HandlesTheCallsThatChangeATask) {
  const auto handling = [](int number) { return syscall_row(number)->handling; };
  for (int number : {__NR_mmap, __NR_munmap, __NR_mremap, __NR_mprotect, __NR_pkey_mprotect,
                     __NR_brk, __NR_madvise}) {
    EXPECT_EQ(handling(number), Handling::address_space) << number;
  }
  for (int number : {__NR_fork, __NR_vfork, __NR_clone, __NR_clone3}) {
    EXPECT_EQ(handling(number), Handling::new_task) << number;
  }
  for (int number : {__NR_rt_sigaction, __NR_rt_sigprocmask, __NR_sigaltstack}) {
    EXPECT_EQ(handling(number), Handling::signal_state) << number;
  }
  for (int number : {__NR_arch_prctl, __NR_set_tid_address, __NR_set_robust_list}) {
    EXPECT_EQ(handling(number), Handling::thread_state) << number;
  }
  for (int number : {__NR_rseq, __NR_io_uring_setup, __NR_io_setup, __NR_userfaultfd}) {
    EXPECT_EQ(handling(number), Handling::absent) << number;
  }
  EXPECT_EQ(handling(__NR_rt_sigreturn), Handling::sigreturn);
  EXPECT_EQ(handling(__NR_execve), Handling::exec);
  EXPECT_EQ(handling(__NR_exit_group), Handling::exit);
  EXPECT_EQ(handling(__NR_sched_setaffinity), Handling::affinity);
}

TEST(SyscallTable, KnowsWhatMayBlock) {
  for (int number : {__NR_read,
                     __NR_write,
                     __NR_openat,
                     __NR_connect,
                     __NR_accept,
                     __NR_recvmsg,
                     __NR_poll,
                     __NR_select,
                     __NR_pselect6,
                     __NR_ppoll,
                     __NR_epoll_wait,
                     __NR_epoll_pwait,
                     __NR_epoll_pwait2,
                     __NR_futex,
                     __NR_futex_waitv,
                     __NR_wait4,
                     __NR_waitid,
                     __NR_nanosleep,
                     __NR_clock_nanosleep,
                     __NR_pause,
                     __NR_rt_sigsuspend,
                     __NR_rt_sigtimedwait,
                     __NR_flock,
                     __NR_fcntl,
                     __NR_semop,
                     __NR_semtimedop,
                     __NR_msgsnd,
                     __NR_msgrcv,
                     __NR_mq_timedsend,
                     __NR_mq_timedreceive,
                     __NR_splice,
                     __NR_tee,
                     __NR_sendfile,
                     __NR_restart_syscall}) {
    EXPECT_EQ(syscall_row(number)->blocking, Blocking::may) << syscall_name(number);
  }
  for (int number : {__NR_close, __NR_epoll_ctl, __NR_getrandom, __NR_sched_yield, __NR_kill,
                     __NR_fsync, __NR_getpid, __NR_stat}) {
    EXPECT_EQ(syscall_row(number)->blocking, Blocking::never) << syscall_name(number);
  }
}

TEST(RequestTable, OutputsNameArgumentsOfTheCall) {
  for (const RequestRow& row : request_rows()) {
    const SyscallRow* call = syscall_row(row.call);
    ASSERT_TRUE(call) << row.name;
    EXPECT_TRUE(has_requests(row.call)) << row.name;
    bool special = false;
    for (const Output& output : call->outputs) special |= output.extent == Extent::special;
    EXPECT_TRUE(special) << call->name;
    for (const Output& output : row.outputs) {
      EXPECT_LT(output.argument, call->argument_count) << row.name;
      EXPECT_LT(output.by, call->argument_count) << row.name;
    }
  }
}

}  // namespace
}  // namespace ttrace
