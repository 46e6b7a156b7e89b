#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "record/session.h"
#include "syscalls/written.h"
#include "ttrace/mark.h"

// System calls that the recorder answers itself, without executing them: because they must not
// reach the kernel, or because one stop is cheaper than two.

namespace ttrace {
namespace {

/// Advice that must not reach the kernel: MADV_FREE lets it drop pages whenever it likes; what
/// happens to pages at a fork would have to be repeated by a replay and its checkpoints; poisoned
/// pages and guards are younger than Linux 6.1, or not for ordinary programs.
std::optional<std::int64_t> answer_to_advice(std::uint64_t advice) {
  constexpr std::uint64_t kHwPoison = 100, kSoftOffline = 101;
  constexpr std::uint64_t kGuardInstall = 102, kGuardRemove = 103;
  switch (advice) {
    case MADV_FREE:
      return 0;
    case MADV_DONTFORK:
    case MADV_WIPEONFORK:
    case kHwPoison:
    case kSoftOffline:
    case kGuardInstall:
    case kGuardRemove:
      return -EINVAL;  // as a kernel that does not know it
    default:
      return {};
  }
}

/// Clocks that read the same from every process (clock_gettime(2)); the others belong to a process
/// or a thread, or are devices.
bool is_shared_clock(std::uint64_t clock) {
  switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
    case CLOCK_TAI:
      return true;
    default:
      return false;
  }
}

}  // namespace

/// Answers the call that the thread is about to make, if that is possible and worth it.
bool RecordSession::answer_instead(Thread& thread) {
  const SyscallView& call = thread.call;
  if (call.number == TTRACE_MARK_SYSCALL) {
    on_mark(thread);
    return true;
  }
  // Absent, or younger than Linux 6.1: as on that kernel.
  if (thread.row == nullptr || thread.row->handling == Handling::absent) {
    answer(thread, -ENOSYS);
    return true;
  }
  if (thread.row->handling == Handling::affinity) {
    answer_affinity(thread);
    return true;
  }
  if (thread.row->handling == Handling::tracing) {
    answer_ptrace(thread);
    return true;
  }
  if ((call.number == SYS_wait4 || call.number == SYS_waitid) && answer_wait_for_attached(thread)) {
    return true;
  }
  if (call.number == SYS_prctl && std::uint32_t(call.args[0]) == PR_GET_SECCOMP) {
    // The recorder's own filter is none of the program's.
    answer(thread, thread.filter ? SECCOMP_MODE_FILTER : SECCOMP_MODE_DISABLED);
    return true;
  }
  if (call.number == SYS_prctl && answer_dumpable(thread)) return true;
  constexpr std::uint64_t kDroppable = 8;  // MAP_DROPPABLE, of Linux 6.11
  if (call.number == SYS_mmap && (call.args[3] & MAP_TYPE) == kDroppable) {
    answer(thread, -EINVAL);
    return true;
  }
  if (call.number == SYS_madvise) {
    const auto result = answer_to_advice(call.args[2]);
    if (result) answer(thread, *result);
    return result.has_value();
  }
  // A held signal has to be pending while a call runs: let the kernel have it.
  if (!thread.held_signals.empty()) return false;
  if (call.number == SYS_clock_gettime && is_shared_clock(call.args[0])) {
    return answer_clock(thread);
  }
  if (options_.capture_output && (call.number == SYS_write || call.number == SYS_writev)) {
    return answer_captured_write(thread);
  }
  return false;
}

/// A program that keeps its memory to itself would keep it from an unprivileged recorder, too: it
/// believes that it does.
bool RecordSession::answer_dumpable(Thread& thread) {
  RecordedSpace& space = *thread.process->space;
  const auto option = std::uint32_t(thread.call.args[0]);
  const std::uint64_t value = thread.call.args[1];
  if (option == PR_GET_DUMPABLE && space.believes_hidden) {
    answer(thread, 0);
    return true;
  }
  if (option != PR_SET_DUMPABLE || value > 1) return false;
  space.believes_hidden = value == 0;
  answer(thread, 0);
  return true;
}

/// Makes the stopped thread leave the call without executing it.
void RecordSession::skip_call(Thread& thread, std::int64_t result) {
  thread.regs.orig_rax = ~0ull;  // seccomp(2): a negative number skips the call
  thread.regs.rax = std::uint64_t(result);
  thread.task().set_registers(thread.regs);
  thread.place = Thread::Place::boundary;
}

void RecordSession::answer(Thread& thread, std::int64_t result, std::vector<MemoryWrite> writes) {
  SyscallExit exit;
  exit.result = result;
  exit.writes = std::move(writes);
  answer_with(thread, std::move(exit));
}

void RecordSession::answer_with(Thread& thread, SyscallExit exit) {
  skip_call(thread, exit.result);
  append(thread, SyscallEvent{thread.entry, std::move(exit)});
  consider_switch(thread, Scheduler::CallPlace::exit);
}

bool RecordSession::answer_clock(Thread& thread) {
  timespec now{};
  if (syscall(SYS_clock_gettime, thread.call.args[0], &now) != 0) return false;
  const ByteView bytes = bytes_of(now);
  const Address at(thread.call.args[1]);
  if (!write_as_program(thread.tid, at, bytes)) return false;  // the kernel will say why
  answer(thread, 0, {{at, Bytes(bytes.begin(), bytes.end())}});
  return true;
}

/// What was given to the attempt as standard output takes everything (/dev/null): only we look at
/// it.
bool RecordSession::answer_captured_write(Thread& thread) {
  SyscallView call = thread.call;
  call.result = INT64_MAX;
  std::uint64_t length = 0;
  for (const MemoryRange& range : written_by(call, peek(thread))) length += range.length;
  if (length == 0 || stream_of(thread, int(call.args[0])) == 0) return false;
  SyscallExit exit;
  exit.result = call.result = std::int64_t(length);
  exit.written_digest = digest_of_written(call, peek_as_program(thread));
  if (exit.written_digest == 0) return false;  // not all of it can be read: the kernel says how
  note_output(thread, call, exit);
  answer_with(thread, std::move(exit));
  return true;
}

void RecordSession::on_mark(Thread& thread) {
  ttrace_mark raw{};
  MarkEvent mark;
  mark.entry = thread.entry;
  const Memory& memory = thread.memory();
  if (!memory.read_value(Address(thread.call.args[0]), raw)) return answer(thread, -EFAULT);
  if (raw.kind < 0 || raw.kind > TTRACE_MARK_SKIPPED) return answer(thread, -EINVAL);
  mark.kind = MarkEvent::Kind(raw.kind);
  mark.value = raw.value;
  mark.line = raw.line;
  constexpr std::size_t kMostFile = 4096;
  constexpr std::size_t kMostText = 65536;
  if (raw.file) mark.file = memory.read_string(Address(std::uint64_t(raw.file)), kMostFile);
  if (raw.text) mark.text = memory.read_string(Address(std::uint64_t(raw.text)), kMostText);

  skip_call(thread, 0);
  const EventNumber number = append(thread, mark);
  at_case_ = mark.kind == MarkEvent::Kind::case_begin && thread.process->pid == result_.root;
  result_.marks.push_back({number, thread.tid, thread.process->pid, std::move(mark)});
}

/// The program may choose CPUs among those that we were started with, and believes that it got
/// them; it stays on ours.
void RecordSession::answer_affinity(Thread& thread) {
  const auto& args = thread.call.args;
  Thread* const of = args[0] == 0 ? &thread : find(Tid(pid_t(args[0])));
  if (of == nullptr) return answer(thread, -ESRCH);
  if (thread.call.number == SYS_sched_setaffinity) {
    cpu_set_t wanted{};
    const std::size_t size = std::min<std::uint64_t>(args[1], sizeof wanted);
    const std::span bytes = std::as_writable_bytes(std::span(&wanted, 1)).first(size);
    if (thread.memory().read(Address(args[2]), bytes) != size) return answer(thread, -EFAULT);
    CPU_AND(&wanted, &wanted, &may_use_);
    if (CPU_COUNT(&wanted) == 0) return answer(thread, -EINVAL);
    of->affinity = wanted;
    return answer(thread, 0);
  }
  // sched_getaffinity(2): the kernel writes its own mask size and returns it.
  constexpr std::uint64_t kMaskBytes = 8;
  if (args[1] < kMaskBytes) return answer(thread, -EINVAL);
  const std::uint64_t length = std::min<std::uint64_t>(args[1] & ~7ull, sizeof(cpu_set_t));
  const ByteView mask = bytes_of(of->affinity).first(length);
  MemoryWrite write{Address(args[2]), Bytes(mask.begin(), mask.end())};
  if (!thread.memory().write(write.at, write.data)) return answer(thread, -EFAULT);
  answer(thread, std::int64_t(length), {std::move(write)});
}

}  // namespace ttrace
