#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <fstream>

#include "record/descriptor_link.h"
#include "record/session.h"
#include "tracee/maps.h"

// /proc/PID/mem: a file by which a program writes its own memory, past all protections.

namespace ttrace {
namespace {

/// The descriptor that the call opened for writing, or -1.
int opened_for_writing(const SyscallView& call, const Memory& memory) {
  std::uint64_t flags = O_RDONLY;
  if (call.number == SYS_open) flags = call.args[1];
  if (call.number == SYS_openat) flags = call.args[2];
  if (call.number == SYS_openat2) memory.read_value(Address(call.args[2]), flags);
  return (flags & O_ACCMODE) == O_RDONLY ? -1 : int(call.result);
}

/// The process whose memory the descriptor is, or Pid().
Pid owner_of_memory_file(Tid tid, int descriptor) {
  constexpr std::string_view kBefore = "/proc/";
  const std::string name = link_target(descriptor_link(tid, descriptor));
  if (!name.starts_with(kBefore) || !name.ends_with("/mem")) return {};
  pid_t pid = 0;
  std::from_chars(name.data() + kBefore.size(), name.data() + name.size(), pid);
  return Pid(pid);
}

/// Where the file position is.
std::uint64_t position_of(Tid tid, int descriptor) {
  std::ifstream info("/proc/" + std::to_string(tid.value()) + "/fdinfo/" +
                     std::to_string(descriptor));
  std::string label;
  std::uint64_t position = 0;
  info >> label >> position;
  return position;
}

/// The memory that a call wrote through such a file; none for any other call.
std::optional<MemoryRange> written_range(const SyscallView& call, Tid tid) {
  const auto length = std::uint64_t(call.result);
  constexpr std::uint64_t kHere = ~0ull;
  std::uint64_t at = kHere;
  switch (call.number) {
    case SYS_pwrite64:
    case SYS_pwritev:
    case SYS_pwritev2:
      at = call.args[3];
      break;
    case SYS_write:
    case SYS_writev:
      break;
    default:
      return {};
  }
  if (at == kHere) at = position_of(tid, int(call.args[0])) - length;
  return MemoryRange{Address(at), length};
}

}  // namespace

/// After a call that succeeded: was it a write to the program's own memory?
void RecordSession::note_memory_file(Thread& thread, const SyscallView& call, SyscallExit& exit) {
  const int opened = opened_for_writing(call, thread.memory());
  if (opened >= 0 && owner_of_memory_file(thread.tid, opened) != Pid()) {
    writes_memory_files_ = true;
  }
  if (!writes_memory_files_ || call.result == 0) return;
  const auto range = written_range(call, thread.tid);
  if (!range) return;
  const Pid owner = owner_of_memory_file(thread.tid, int(call.args[0]));
  if (owner == Pid()) return;
  const Thread* of = find(Tid(owner.value()));
  if (of == nullptr) return;  // of nobody who is recorded
  if (of->process->space != thread.process->space) {
    throw NotRecordable("writing to the memory of another recorded process");
  }
  const Address end = range->at + range->length;
  for (const MapLine& line : read_maps(thread.process->pid)) {
    const bool touched = line.start < end && range->at < line.end;
    if (touched && (line.protection & PROT_EXEC)) {
      throw NotRecordable("writing code through /proc/self/mem");
    }
  }
  exit.writes.push_back({range->at, thread.memory().read(range->at, range->length)});
}

}  // namespace ttrace
