#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "record/descriptor_link.h"
#include "record/session.h"
#include "tracee/gate.h"

// What a call writes while other threads run: into scratch memory first, to its place at its end.

namespace ttrace {
namespace {

/// Whether a record is our copy of a held signal: a siginfo_t, or else a signalfd_siginfo.
bool is_copy_of(const HeldSignal& held, bool is_siginfo, const std::byte* record) {
  if (is_siginfo) {
    siginfo_t info;
    std::memcpy(&info, record, sizeof info);
    return info.si_code == SI_QUEUE && info.si_pid == getpid() &&
           info.si_value.sival_int == held.cookie;
  }
  signalfd_siginfo info;
  std::memcpy(&info, record, sizeof info);
  return info.ssi_code == SI_QUEUE && info.ssi_pid == std::uint32_t(getpid()) &&
         info.ssi_int == held.cookie && int(info.ssi_signo) == held.info.si_signo;
}

void show_original(const HeldSignal& held, bool is_siginfo, std::byte* record) {
  if (is_siginfo) {
    std::memcpy(record, &held.info, sizeof held.info);
    return;
  }
  signalfd_siginfo info{};
  info.ssi_signo = std::uint32_t(held.info.si_signo);
  info.ssi_code = held.info.si_code;
  info.ssi_errno = held.info.si_errno;
  if (held.info.si_code == SI_TIMER) {
    info.ssi_tid = std::uint32_t(held.info.si_timerid);
    info.ssi_overrun = std::uint32_t(held.info.si_overrun);
  } else {
    info.ssi_pid = std::uint32_t(held.info.si_pid);
    info.ssi_uid = held.info.si_uid;
  }
  if (held.info.si_signo == SIGCHLD) info.ssi_status = held.info.si_status;
  info.ssi_int = held.info.si_value.sival_int;
  info.ssi_ptr = std::uint64_t(held.info.si_value.sival_ptr);
  std::memcpy(record, &info, sizeof info);
}

/// As good as the program's own, which files opened with O_DIRECT look at.
std::uint64_t alignment_of(Address buffer) {
  constexpr std::uint64_t kLeast = 64;
  const std::uint64_t lowest_bit = buffer.value() & ~(buffer.value() - 1);
  return std::clamp(lowest_bit, kLeast, std::uint64_t(kPageSize));
}

bool is_regular_file(Tid tid, int descriptor) {
  struct stat info {};
  return stat(descriptor_link(tid, descriptor).c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

}  // namespace

/// Maps scratch memory, as much of it as the process's limits leave room for.
void RecordSession::make_scratch(Thread& thread) {
  RecordedSpace& space = *thread.process->space;
  if (space.scratch.size() != 0) return;
  constexpr std::uint64_t kLeast = 1 << 20;
  constexpr std::uint64_t kPartOfLimit = 64;
  rlimit limit{};
  prlimit(thread.process->pid.value(), RLIMIT_AS, nullptr, &limit);
  const std::uint64_t most = std::max(kLeast, page_floor(limit.rlim_cur / kPartOfLimit));
  for (std::uint64_t size = std::min(kMostScratch, most); size >= kLeast; size /= 4) {
    const std::int64_t at =
        inject(thread.task(), InjectBy::syscall_stops, SYS_mmap,
               {kScratchArea.value(), size, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, ~0ull, 0});
    if (at == std::int64_t(kScratchArea.value())) {
      space.scratch = ScratchArena(kScratchArea, size);
      return;
    }
  }
  throw NotRecordable("threads or shared memory in a process without address space to spare");
}

void RecordSession::release_scratch(Thread& thread) {
  if (!thread.scratch) return;
  thread.process->space->scratch.release(*thread.scratch);
  thread.scratch.reset();
}

void RecordSession::redirect(Thread& thread, GeneralRegisters& regs) {
  RecordedSpace& space = *thread.process->space;
  if (space.scratch.size() == 0) return;  // vfork: the parent sees nothing before the child is gone
  auto slots = scratch_slots(thread.call, peek(thread));
  if (!slots || slots->empty()) return;
  std::uint64_t total = 0;
  for (const ScratchSlot& slot : *slots) {
    // A file is read whole, and without waiting for anybody.
    if (slot.shortened && is_regular_file(thread.tid, int(thread.call.args[0]))) return;
    total += slot.length + alignment_of(slot.original);
  }
  thread.scratch = space.scratch.allocate(total);
  if (!thread.scratch) {
    throw NotRecordable("calls that wait at the same time with buffers of more than " +
                        std::to_string(space.scratch.size() >> 20) + " MiB");
  }
  Address at = *thread.scratch;
  for (const ScratchSlot& slot : *slots) {
    const std::uint64_t alignment = alignment_of(slot.original);
    at = Address((at.value() + alignment - 1) & ~(alignment - 1));
    Redirection made{{}, slot.length, slot.original, at};
    if (slot.copy_in) {
      made.given = space.memory.read(slot.original, slot.length);
      made.given.resize(slot.length);
      space.memory.write(at, made.given);
    }
    if (slot.inside) {
      Redirection& outer = thread.redirected.at(slot.inside->slot);
      const ByteView pointer = bytes_of(at);
      std::copy(pointer.begin(), pointer.end(),
                outer.given.begin() + std::ptrdiff_t(slot.inside->offset));
      space.memory.write(outer.scratch + slot.inside->offset, pointer);
    } else {
      syscall_argument(regs, slot.argument) = at.value();
    }
    if (slot.shortened) syscall_argument(regs, *slot.shortened) = slot.length;
    thread.redirected.push_back(std::move(made));
    at = at + slot.length;
  }
}

/// What the kernel wrote to scratch memory appears where the program asked for it only now, and
/// only that: other threads may have written beside it, or over what the kernel left alone.
void RecordSession::move_results(Thread& thread, const std::vector<Redirection>& redirected,
                                 SyscallView& call, SyscallExit& exit) {
  std::vector<MemoryWrite> changed;
  for (MemoryWrite& write : exit.writes) {
    const auto from = std::find_if(redirected.begin(), redirected.end(), [&](const auto& r) {
      return write.at >= r.original && write.at < r.original + r.length;
    });
    if (from == redirected.end() || from->given.empty()) {
      changed.push_back(std::move(write));
      continue;
    }
    const std::size_t offset = write.at - from->original;
    const auto same = [&](std::size_t i) {
      return offset + i < from->given.size() && write.data[i] == from->given[offset + i];
    };
    for (std::size_t i = 0; i < write.data.size();) {
      if (same(i)) {
        ++i;
        continue;
      }
      const std::size_t first = i;
      while (i < write.data.size() && !same(i)) ++i;
      changed.push_back({write.at + first, Bytes(write.data.begin() + std::ptrdiff_t(first),
                                                 write.data.begin() + std::ptrdiff_t(i))});
    }
  }
  exit.writes.clear();
  for (MemoryWrite& write : changed) {
    // With the program's own rights: memory that it may not write is EFAULT, as it would have been.
    if (!write_as_program(thread.tid, write.at, write.data)) {
      exit.result = call.result = -EFAULT;
      thread.regs.rax = std::uint64_t(call.result);
      thread.task().set_registers(thread.regs);
      return;
    }
    exit.writes.push_back(std::move(write));
  }
}

/// A program may take a signal that we sent again (requeue_held) out of sigtimedwait or a signalfd:
/// it shall see the original.
void RecordSession::show_copies_originals(Thread& thread, const SyscallView& call,
                                          std::vector<MemoryWrite>& writes) {
  if (thread.held_signals.empty() || call.result <= 0) return;
  const bool waits = call.number == SYS_rt_sigtimedwait;
  if (!waits && call.number != SYS_read) return;
  const std::size_t size = waits ? sizeof(siginfo_t) : sizeof(signalfd_siginfo);
  for (MemoryWrite& write : writes) {
    for (std::size_t at = 0; at + size <= write.data.size(); at += size) {
      std::byte* record = write.data.data() + at;
      const auto held = std::find_if(
          thread.held_signals.begin(), thread.held_signals.end(),
          [&](const HeldSignal& h) { return h.queued && is_copy_of(h, waits, record); });
      if (held == thread.held_signals.end()) continue;
      show_original(*held, waits, record);
      thread.held_signals.erase(held);
      thread.memory().write(write.at + at, std::span(record, size));
    }
  }
}

}  // namespace ttrace
