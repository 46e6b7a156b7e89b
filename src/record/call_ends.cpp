#include "record/call_ends.h"

#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "syscalls/table.h"

namespace ttrace {
namespace {

/// Calls during which the kernel has another signal mask than the program's.
bool waits_with_a_mask(std::int64_t call) {
  constexpr std::array<std::int64_t, 6> kCalls = {SYS_rt_sigsuspend, SYS_ppoll,
                                                  SYS_pselect6,      SYS_epoll_pwait,
                                                  SYS_epoll_pwait2,  SYS_io_pgetevents};
  return std::ranges::find(kCalls, call) != kCalls.end();
}

bool is_at_end_of_call(const RecordedThread& thread) {
  return thread.place == RecordedThread::Place::boundary && std::int64_t(thread.regs.orig_rax) >= 0;
}

}  // namespace

bool mask_is_lent(const RecordedThread& thread) {
  const auto result = std::int64_t(thread.regs.rax);
  return is_at_end_of_call(thread) && waits_with_a_mask(std::int64_t(thread.regs.orig_rax)) &&
         (is_restart(result) || result == -EINTR);
}

bool is_ending_a_call(const RecordedThread& thread) {
  const bool restarts = is_at_end_of_call(thread) && is_restart(std::int64_t(thread.regs.rax));
  return restarts || mask_is_lent(thread);
}

}  // namespace ttrace
