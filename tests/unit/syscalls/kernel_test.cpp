// Makes real system calls in this process and checks that the kernel changed no byte outside of
// what the table says.
#include <asm/unistd_64.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <sstream>

#include "fake_memory.h"
#include "syscalls/table.h"

namespace ttrace {
namespace {

constexpr std::size_t kSize = 4096;

std::size_t peek_self(Address at, std::span<std::byte> into) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  std::memcpy(into.data(), reinterpret_cast<const void*>(at.value()), into.size());
  return into.size();
}

/// Three buffers that a call may write to, and descriptors to make it do so.
class KernelWrites : public testing::Test {
 protected:
  KernelWrites() {
    EXPECT_EQ(::pipe(pipe_), 0);
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM, 0, sockets_), 0);
    timer_ = ::timerfd_create(CLOCK_MONOTONIC, 0);
    poll_ = ::epoll_create1(0);
    epoll_event event{};
    event.events = EPOLLIN;
    ::epoll_ctl(poll_, EPOLL_CTL_ADD, pipe_[0], &event);
    EXPECT_EQ(::write(pipe_[1], "0123456789", 10), 10);
    file_ = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    directory_ = ::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  }
  ~KernelWrites() override {
    for (int fd :
         {pipe_[0], pipe_[1], sockets_[0], sockets_[1], timer_, poll_, file_, directory_}) {
      ::close(fd);
    }
  }

  static std::uint64_t at(const void* pointer) { return reinterpret_cast<std::uint64_t>(pointer); }

  /// Bytes of input at the start of a buffer; the rest is the pattern.
  template <class T>
  void input(std::array<unsigned char, kSize>& buffer, const T& value) {
    inputs_.push_back(
        {buffer.data(), std::string(reinterpret_cast<const char*>(&value), sizeof value)});
  }

  /// Makes the call over two patterns (a written byte may equal one). Returns what was wrong.
  std::string check(int number, std::array<std::uint64_t, 6> args, bool should_write = true) {
    std::ostringstream wrong;
    bool changed = false;
    for (int pattern : {0x55, 0xaa}) {
      before_.fill(static_cast<unsigned char>(pattern));
      for (auto* buffer : {&a_, &b_, &c_}) *buffer = before_;
      for (const auto& [to, bytes] : inputs_) std::memcpy(to, bytes.data(), bytes.size());
      const auto old_a = a_, old_b = b_, old_c = c_;
      SyscallView call{number, args, 0};
      const OutputNotes notes = before_call(call, peek_self);
      const long result = ::syscall(number, args[0], args[1], args[2], args[3], args[4], args[5]);
      call.result = result == -1 ? -errno : result;
      const auto ranges = outputs_of(call, notes, peek_self);
      for (const auto& [now, old] : {std::pair{&a_, &old_a}, {&b_, &old_b}, {&c_, &old_c}}) {
        if (compare(*now, *old, ranges, wrong)) changed = true;
      }
      last_ = call.result;
    }
    inputs_.clear();
    if (changed != should_write) wrong << (changed ? " wrote" : " wrote nothing");
    if (wrong.str().empty()) return "";
    return describe({number, args}, last_) + wrong.str();
  }

  static bool compare(const std::array<unsigned char, kSize>& now,
                      const std::array<unsigned char, kSize>& old,
                      const std::vector<MemoryRange>& ranges, std::ostream& wrong) {
    bool changed = false;
    for (std::size_t i = 0; i < kSize; ++i) {
      if (now[i] == old[i]) continue;
      changed = true;
      const std::uint64_t address = at(&now[i]);
      bool listed = false;
      for (const MemoryRange& range : ranges) {
        listed |= address >= range.at.value() && address - range.at.value() < range.length;
      }
      if (!listed) wrong << " unlisted byte " << i;
    }
    return changed;
  }

  void expect(int number, std::array<std::uint64_t, 6> args) { EXPECT_EQ(check(number, args), ""); }

  alignas(64) std::array<unsigned char, kSize> a_{}, b_{}, c_{}, before_{};
  std::vector<std::pair<unsigned char*, std::string>> inputs_;
  const std::uint64_t pa_ = at(a_.data()), pb_ = at(b_.data()), pc_ = at(c_.data());
  std::int64_t last_ = 0;
  int pipe_[2], sockets_[2], timer_, poll_, file_, directory_;
};

std::uint64_t n(std::int64_t value) { return std::uint64_t(value); }

TEST_F(KernelWrites, OnlyWhatTheTableSaysOfFilesAndProcesses) {
  const auto path = at("/"), self = at("/proc/self/exe");
  const auto fd = n(file_), here = n(AT_FDCWD);
  expect(__NR_stat, {path, pa_});
  expect(__NR_fstat, {fd, pa_});
  expect(__NR_newfstatat, {here, path, pa_, 0});
  expect(__NR_statx, {here, path, 0, 0xfff, pa_});
  expect(__NR_statfs, {path, pa_});
  expect(__NR_fstatfs, {fd, pa_});
  expect(__NR_read, {fd, pa_, 100});
  expect(__NR_pread64, {fd, pa_, 100, 7});
  expect(__NR_getdents64, {n(directory_), pa_, 500});
  expect(__NR_getcwd, {pa_, kSize});
  expect(__NR_readlink, {self, pa_, 10});
  expect(__NR_readlinkat, {here, self, pa_, 1000});
  input(a_, std::uint64_t(0));
  expect(__NR_sendfile, {n(pipe_[1]), fd, pa_, 10});
  expect(__NR_uname, {pa_});
  expect(__NR_sysinfo, {pa_});
  expect(__NR_times, {pa_});
  expect(__NR_gettimeofday, {pa_, pb_});
  expect(__NR_time, {pa_});
  expect(__NR_clock_gettime, {0, pa_});
  expect(__NR_clock_getres, {0, pa_});
  input(a_, std::array<char, 208>{});
  expect(__NR_adjtimex, {pa_});
  input(a_, std::array<char, 208>{});
  expect(__NR_clock_adjtime, {0, pa_});
  expect(__NR_getitimer, {0, pa_});
  expect(__NR_timerfd_gettime, {n(timer_), pa_});
  expect(__NR_getrlimit, {7, pa_});
  expect(__NR_prlimit64, {0, 7, 0, pa_});
  expect(__NR_getrusage, {0, pa_});
  expect(__NR_getresuid, {pa_, pb_, pc_});
  expect(__NR_getresgid, {pa_, pb_, pc_});
  expect(__NR_sched_getparam, {0, pa_});
  expect(__NR_sched_getattr, {0, pa_, 56, 0});
  expect(__NR_sched_getattr, {0, pa_, 400, 0});
  expect(__NR_sched_rr_get_interval, {0, pa_});
  expect(__NR_sched_getaffinity, {0, 512, pa_});
  expect(__NR_getcpu, {pa_, pb_, 0});
  expect(__NR_getrandom, {pa_, 33, 0});
  expect(__NR_get_robust_list, {0, pa_, pb_});
  expect(__NR_mincore, {pc_ & ~std::uint64_t(4095), 5000, pa_});
  input(a_, std::array<std::uint32_t, 2>{0x20080522, 0});
  expect(__NR_capget, {pa_, pb_});
  input(a_, std::array<std::uint32_t, 2>{0x19980330, 0});
  expect(__NR_capget, {pa_, pb_});
  input(a_, std::array<std::uint32_t, 2>{1, 0});
  expect(__NR_capget, {pa_, pb_});
  expect(__NR_prctl, {16, pa_});
  expect(__NR_prctl, {2, pa_});
  expect(__NR_prctl, {37, pa_});
  expect(__NR_arch_prctl, {0x1003, pa_});
  expect(__NR_arch_prctl, {0x1004, pa_});
}

TEST_F(KernelWrites, OnlyWhatTheTableSaysOfSignalsAndWaits) {
  expect(__NR_rt_sigaction, {10, 0, pa_, 8});
  expect(__NR_rt_sigprocmask, {0, 0, pa_, 8});
  expect(__NR_rt_sigpending, {pa_, 8});
  expect(__NR_sigaltstack, {0, pa_});
  // No child: only waitid writes.
  EXPECT_EQ(check(__NR_wait4, {n(-1), pa_, 1, pb_}, false), "");
  expect(__NR_waitid, {0, 0, pa_, 5, pb_});
  input(a_, std::array<std::uint64_t, 2>{0, 1});
  EXPECT_EQ(check(__NR_nanosleep, {pa_, pb_}, false), "");
  const struct {
    int fd;
    short events, revents;
  } entry{pipe_[0], 1, -1};
  input(a_, entry);
  input(b_, std::array<std::uint64_t, 2>{5, 5});
  expect(__NR_ppoll, {pa_, 1, pb_, 0, 8});
  input(a_, entry);
  expect(__NR_poll, {pa_, 1, 0});
  input(b_, std::array<std::uint64_t, 2>{5, 5});
  expect(__NR_select, {n(pipe_[0]) + 1, pa_, 0, 0, pb_});
  expect(__NR_epoll_wait, {n(poll_), pa_, 5, 0});
  EXPECT_EQ(last_, 1);
}

TEST_F(KernelWrites, OnlyWhatTheTableSaysOfPipesAndSockets) {
  expect(__NR_socketpair, {AF_UNIX, SOCK_STREAM, 0, pa_});
  for (int i = 0; i < 20; ++i) ASSERT_EQ(::send(sockets_[1], "0123456789", 10, 0), 10);
  const auto fd = n(sockets_[0]);
  for (std::uint32_t length : {0u, 1u, 100u, 1000u}) {
    input(b_, length);
    expect(__NR_getsockname, {fd, pa_, pb_});
    input(b_, length);
    EXPECT_TRUE(check(__NR_getsockopt, {fd, SOL_SOCKET, SO_RCVBUF, pa_, pb_}, length != 0).empty());
  }
  input(b_, std::uint32_t(100));
  expect(__NR_recvfrom, {fd, pc_, 4, MSG_TRUNC, pa_, pb_});
  EXPECT_EQ(last_, 10);
  input(b_, std::array<std::uint64_t, 4>{pc_, 3, pc_ + 100, 100});
  input(a_, std::array<std::uint64_t, 7>{pc_ + 500, 100, pb_, 2, pc_ + 1000, 100, 0});
  expect(__NR_recvmsg, {fd, pa_, 0});
  input(b_, std::array<std::uint64_t, 4>{pc_, 3, pc_ + 100, 100});
  input(a_, std::array<std::uint64_t, 16>{0, 0, pb_, 1, 0, 0, 0, 0, 0, 0, pb_ + 16, 1, 0, 0, 0, 0});
  expect(__NR_recvmmsg, {fd, pa_, 2, MSG_DONTWAIT, 0});
  EXPECT_EQ(last_, 2);
  input(b_, std::array<std::uint64_t, 2>{pc_, 3});
  input(a_, std::array<std::uint64_t, 16>{0, 0, pb_, 1, 0, 0, 0, 0, 0, 0, pb_, 1, 0, 0, 0, 0});
  expect(__NR_sendmmsg, {fd, pa_, 2, MSG_DONTWAIT});
  input(b_, std::array<std::uint64_t, 4>{pc_, 3, pc_ + 100, 2});
  expect(__NR_readv, {n(pipe_[0]), pb_, 2});
  expect(__NR_ioctl, {n(pipe_[0]), 0x541B, pa_});
}

}  // namespace
}  // namespace ttrace
