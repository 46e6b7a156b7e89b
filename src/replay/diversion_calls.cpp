// The system calls of a diversion.
#include <linux/futex.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>

#include "replay/diversion.h"
#include "replay/model.h"
#include "syscalls/table.h"

namespace ttrace {
namespace {

/// What is done with a call.
enum class Answer {
  executed,    ///< by the copy's process: it touches nothing but its memory
  succeeds,    ///< 0, and nothing happens
  is_process,  ///< the recorded process's number
  is_thread,   ///< the recorded thread's number
  breaks,      ///< brk
  writes,      ///< shown if it goes to standard output or error
  waits,       ///< futex: nobody else runs who could end a wait
  raises,      ///< a signal to itself stops it
  ends,        ///< the end of the thread or process
};

struct CallRow {
  long number;
  Answer answer;
};

constexpr CallRow kCalls[] = {
    {SYS_brk, Answer::breaks},
    {SYS_clock_getres, Answer::executed},
    {SYS_clock_gettime, Answer::executed},
    {SYS_clock_nanosleep, Answer::succeeds},
    {SYS_exit, Answer::ends},
    {SYS_exit_group, Answer::ends},
    {SYS_futex, Answer::waits},
    {SYS_getcpu, Answer::executed},
    {SYS_getpid, Answer::is_process},
    {SYS_getrandom, Answer::executed},
    {SYS_gettid, Answer::is_thread},
    {SYS_gettimeofday, Answer::executed},
    {SYS_madvise, Answer::executed},
    {SYS_mmap, Answer::executed},
    {SYS_mprotect, Answer::executed},
    {SYS_mremap, Answer::executed},
    {SYS_munmap, Answer::executed},
    {SYS_nanosleep, Answer::succeeds},
    {SYS_pwrite64, Answer::writes},
    {SYS_rt_sigprocmask, Answer::succeeds},
    {SYS_sched_yield, Answer::succeeds},
    {SYS_sysinfo, Answer::executed},
    {SYS_tgkill, Answer::raises},
    {SYS_time, Answer::executed},
    {SYS_uname, Answer::executed},
    {SYS_write, Answer::writes},
    {SYS_writev, Answer::writes},
};

/// No single call shows more.
constexpr std::uint64_t kMostShown = 1 << 20;

using Arguments = std::array<std::uint64_t, 6>;

/// What a call writes: its own buffer, or the pieces of a vector.
Bytes written_data(const Memory& memory, long number, const Arguments& args) {
  if (number != SYS_writev) {
    return memory.read(Address(args[1]), std::min<std::uint64_t>(args[2], kMostShown));
  }
  Bytes all;
  for (std::uint64_t i = 0; i < std::min<std::uint64_t>(args[2], IOV_MAX); ++i) {
    iovec piece{};
    if (!memory.read_value(Address(args[1]) + i * sizeof piece, piece)) break;
    const Bytes data = memory.read(Address(reinterpret_cast<std::uint64_t>(piece.iov_base)),
                                   std::min<std::uint64_t>(piece.iov_len, kMostShown));
    all.insert(all.end(), data.begin(), data.end());
    if (all.size() >= kMostShown) break;
  }
  return all;
}

/// Memory of a file is not to be had: descriptors are not those of the recording.
bool maps_a_file(long number, const Arguments& args) {
  return number == SYS_mmap && !(args[3] & MAP_ANONYMOUS);
}

}  // namespace

/// The heap grows and shrinks as the kernel would have it.
std::int64_t Diversion::move_break(std::uint64_t to) {
  const Address now = space_->brk;
  if (now == Address() || to == 0) return std::int64_t(now.value());
  const std::uint64_t from = page_ceil(now.value());
  const std::uint64_t end = page_ceil(to);
  if (end > from) {
    constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE;
    const std::int64_t got = space_->host->call(
        SYS_mmap, {from, end - from, PROT_READ | PROT_WRITE, std::uint64_t(kFlags), ~0ull, 0});
    if (got != std::int64_t(from)) return std::int64_t(now.value());
  } else if (from > end) {
    space_->host->call(SYS_munmap, {end, from - end, 0, 0, 0, 0});
  }
  space_->brk = Address(to);
  return std::int64_t(to);
}

/// Answers the call at whose entry the thread stands; a stop if it cannot go on.
std::optional<Diversion::Stop> Diversion::system_call(Tid tid, GeneralRegisters& regs,
                                                      const Limits& limits) {
  const long number = long(regs.orig_rax);
  const Arguments args{regs.rdi, regs.rsi, regs.rdx, regs.r10, regs.r8, regs.r9};
  const auto row = std::ranges::find(kCalls, number, &CallRow::number);
  std::int64_t result = -ENOSYS;
  std::optional<Stop> stop;
  if (row != std::end(kCalls)) {
    switch (row->answer) {
      case Answer::executed:
        if (!maps_a_file(number, args)) result = space_->host->call(number, args);
        break;
      case Answer::succeeds:
        result = 0;
        break;
      case Answer::is_process:
        result = pid_.value();
        break;
      case Answer::is_thread:
        result = tid.value();
        break;
      case Answer::breaks:
        result = move_break(args[0]);
        break;
      case Answer::writes: {
        if (args[0] != 1 && args[0] != 2) break;
        const Bytes data = written_data(space_->host->memory(), number, args);
        if (limits.output) limits.output(int(args[0]), data);
        result = std::int64_t(data.size());
        break;
      }
      case Answer::waits:
        result = 0;
        if ((args[1] & FUTEX_CMD_MASK) == FUTEX_WAKE) break;
        stop = Stop{Stop::Kind::stuck, SIGINT,
                    "the call waits for another thread, and no other one runs"};
        break;
      case Answer::raises:
        result = 0;
        stop = Stop{Stop::Kind::signal, int(args[2]), {}};
        break;
      case Answer::ends:
        stop = Stop{Stop::Kind::stuck, SIGTERM, "the call would end the process"};
        break;
    }
  }
  regs.rax = std::uint64_t(result);
  return stop;
}

}  // namespace ttrace
