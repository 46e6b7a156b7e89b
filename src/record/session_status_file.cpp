#include <sys/syscall.h>
#include <unistd.h>

#include "record/session.h"
#include "record/status_file.h"

namespace ttrace {

/// After a call that read: a program that asks whether a debugger is there (Catch2 and doctest stop
/// at a failing assertion for one) is told no.
void RecordSession::hide_tracer(const Thread& thread, const SyscallView& call, SyscallExit& exit) {
  constexpr std::int64_t kLongest = 4096;  // the whole file is shorter
  if (call.number != SYS_read && call.number != SYS_pread64) return;
  if (call.result <= 0 || call.result > kLongest || exit.writes.size() != 1) return;
  Bytes& data = exit.writes.front().data;
  auto shown = without_tracer(data, Pid(getpid()));
  if (!shown || !is_status_file(thread.tid, int(call.args[0]))) return;
  data = std::move(*shown);
  thread.memory().write(exit.writes.front().at, data);
}

}  // namespace ttrace
