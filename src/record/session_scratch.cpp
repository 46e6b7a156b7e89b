#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "record/session.h"

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

}  // namespace

/// The thread's slot, which it has from now on; empty if all are taken.
ScratchRoom RecordSession::scratch_of(Thread& thread) {
  RecordedSpace& space = *thread.process->space;
  if (!space.has_scratch) return {};
  if (!thread.slot) {
    const auto free = std::find(space.slots.begin(), space.slots.end(), false);
    if (free == space.slots.end()) return {};
    *free = true;
    thread.slot = std::size_t(free - space.slots.begin());
  }
  return {kScratchArea + *thread.slot * kScratchSlot, kScratchSlot};
}

void RecordSession::redirect(Thread& thread, GeneralRegisters& regs) {
  RecordedSpace& space = *thread.process->space;
  const auto slots = scratch_slots(thread.call, peek(thread));
  if (!slots) return redirect_vectors(thread, regs);
  ScratchRoom room = scratch_of(thread);
  for (const ScratchSlot& slot : *slots) {
    const Address original(thread.call.args.at(slot.argument));
    if (original == Address() || slot.length == 0) continue;
    const auto at = room.take(slot.length);
    if (!at) break;
    Bytes given;
    if (slot.copy_in) {
      given = space.memory.read(original, slot.length);
      if (given.size() != slot.length) continue;  // the kernel will say EFAULT
      space.memory.write(*at, given);
    }
    syscall_argument(regs, slot.argument) = at->value();
    thread.redirected.push_back({slot.argument, std::move(given), slot.length, original, *at});
  }
}

/// The same for buffers that the arguments point to by way of others: the vectors, and the header
/// of a message, are built anew in scratch memory. All or nothing.
void RecordSession::redirect_vectors(Thread& thread, GeneralRegisters& regs) {
  const SyscallView& call = thread.call;
  const bool is_message = call.number == SYS_recvmsg;
  const bool is_vector =
      call.number == SYS_readv || call.number == SYS_preadv || call.number == SYS_preadv2;
  if ((!is_message && !is_vector) || thread.notes.messages.size() != 1) return;
  const MessageNote& note = thread.notes.messages.front();
  const Memory& memory = thread.memory();
  constexpr std::uint8_t kArgument = 1;
  ScratchRoom room = scratch_of(thread);
  std::vector<Redirection> redirected;
  // Null if there is no room; as it was if it is empty.
  const auto move = [&](const MemoryRange& range, bool copy_in) -> std::optional<Address> {
    if (range.length == 0 || range.at == Address()) return range.at;
    const auto at = room.take(range.length);
    std::byte probe{};
    // Scratch memory would hide a bad pointer from the kernel.
    const bool good = at && memory.read_value(range.at, probe) &&
                      memory.read_value(range.at + (range.length - 1), probe);
    const bool twice = std::any_of(redirected.begin(), redirected.end(), [&](const auto& r) {
      return range.at < r.original + r.length && r.original < range.at + range.length;
    });
    if (!good || twice) return {};
    Bytes given;
    if (copy_in) {
      given = memory.read(range.at, range.length);
      if (given.size() != range.length) return {};
      memory.write(*at, given);
    }
    redirected.push_back({kArgument, std::move(given), range.length, range.at, *at});
    return at;
  };

  std::vector<iovec> vectors;
  for (const MemoryRange& buffer : note.vectors) {
    const auto at = move(buffer, false);
    if (!at) return;
    vectors.push_back({reinterpret_cast<void*>(at->value()), buffer.length});
  }
  const auto vectors_at = room.take(vectors.size() * sizeof(iovec));
  if (!vectors_at || vectors.empty()) return;
  memory.write(*vectors_at, std::as_bytes(std::span(vectors)));
  Address argument = *vectors_at;
  if (is_message) {
    msghdr header{};
    const auto name = move(note.name, true);
    const auto control = move(note.control, true);
    const auto at = room.take(sizeof header);
    if (!name || !control || !at || !memory.read_value(note.header.at, header)) return;
    header.msg_name = reinterpret_cast<void*>(name->value());
    header.msg_control = reinterpret_cast<void*>(control->value());
    header.msg_iov = reinterpret_cast<iovec*>(vectors_at->value());
    // What the kernel leaves as it is here is not moved back: the pointers.
    const ByteView given = bytes_of(header);
    memory.write(*at, given);
    redirected.push_back(
        {kArgument, Bytes(given.begin(), given.end()), sizeof header, note.header.at, *at});
    argument = *at;
  }
  syscall_argument(regs, kArgument) = argument.value();
  thread.redirected = std::move(redirected);
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
