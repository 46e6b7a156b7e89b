#include <fcntl.h>
#include <linux/kcmp.h>
#include <linux/limits.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "record/session.h"
#include "syscalls/written.h"
#include "tracee/maps.h"

// What the program writes: to its standard output and error, and to files that are mapped.

namespace ttrace {
namespace {

/// How much of the tracee's output is kept in memory.
constexpr std::uint64_t kMostOutput = 64 << 20;

/// How much of a mapping is saved when a write shows in it.
constexpr std::uint64_t kMostShown = 64 << 20;

/// A name, under /proc, of the file whose contents the call changed; "" if it changes none.
std::string changed_file(const SyscallView& call, Tid tid, const Memory& memory) {
  const std::string of_thread = "/proc/" + std::to_string(tid.value());
  const auto descriptor = [&](std::uint64_t number) {
    return of_thread + "/fd/" + std::to_string(int(number));
  };
  switch (call.number) {
    case SYS_write:
    case SYS_writev:
    case SYS_pwrite64:
    case SYS_pwritev:
    case SYS_pwritev2:
    case SYS_ftruncate:
    case SYS_fallocate:
    case SYS_sendfile:
      return descriptor(call.args[0]);
    case SYS_copy_file_range:
    case SYS_splice:
      return descriptor(call.args[2]);
    case SYS_creat:
      return descriptor(std::uint64_t(call.result));
    case SYS_open:
      return call.args[1] & O_TRUNC ? descriptor(std::uint64_t(call.result)) : "";
    case SYS_openat:
      return call.args[2] & O_TRUNC ? descriptor(std::uint64_t(call.result)) : "";
    case SYS_truncate: {
      const std::string path = memory.read_string(Address(call.args[0]), PATH_MAX);
      return of_thread + (path.starts_with("/") ? "/root" : "/cwd/") + path;
    }
    default:
      return "";
  }
}

/// Such a call may leave a file of another size.
bool may_resize(std::int64_t number) {
  return number != SYS_write && number != SYS_writev && number != SYS_pwrite64 &&
         number != SYS_pwritev && number != SYS_pwritev2;
}

}  // namespace

/// 1 or 2 if the descriptor is what the program was given as standard output or error, whatever its
/// number is by now; else 0.
int RecordSession::stream_of(const Thread& thread, int descriptor) const {
  const auto same = [&](const Fd& ours) {
    return ours && syscall(SYS_kcmp, getpid(), thread.tid.value(), KCMP_FILE, long(ours.value()),
                           long(descriptor)) == 0;
  };
  const bool output = same(standard_output_);
  const bool error = same(standard_error_);
  if (output && error) return descriptor == 2 ? 2 : 1;  // one terminal for both
  return output ? 1 : error ? 2 : 0;
}

void RecordSession::note_output(Thread& thread, const SyscallView& call, SyscallExit& exit) {
  const std::vector<MemoryRange> ranges = written_by(call, peek(thread));
  if (ranges.empty()) return;
  exit.output_stream = std::uint8_t(stream_of(thread, int(call.args[0])));
  if (exit.output_stream == 0) return;
  OutputChunk chunk{EventNumber(result_.recording.event_count()), exit.output_stream, {}};
  for (const MemoryRange& range : ranges) {
    if (collected_output_ + range.length > kMostOutput) {
      warn("only the first " + std::to_string(kMostOutput >> 20) + " MiB of output were collected");
      break;
    }
    const Bytes text = thread.memory().read(range.at, range.length);
    chunk.text.append(reinterpret_cast<const char*>(text.data()), text.size());
    collected_output_ += text.size();
  }
  result_.output.push_back(std::move(chunk));
}

/// A write to a file shows in the mappings of that file: in shared ones, and in pages of private
/// ones that were not written yet.
void RecordSession::note_file_change(Thread& thread, const SyscallView& call, SyscallExit& exit) {
  if (!files_.has_data()) return;
  const std::string file = changed_file(call, thread.tid, thread.memory());
  if (file.empty()) return;
  const std::optional<MappedFiles::Data> data = files_.mapped_data(file);
  if (!data) return;
  const bool resizes = may_resize(call.number) || data->size_now != data->size_when_mapped;
  std::vector<Pid> seen;
  for (const auto& [tid, other] : threads_) {
    const Pid pid = other->process->pid;
    if (std::find(seen.begin(), seen.end(), pid) != seen.end()) continue;
    seen.push_back(pid);
    for (const MapLine& line : read_maps(pid)) {
      if (line.inode != data->inode) continue;
      if (other->process->space != thread.process->space || resizes ||
          line.end - line.start > kMostShown) {
        throw NotRecordable(syscall_name(call.number) + " on " + line.name + ", which is mapped");
      }
      exit.writes.push_back({line.start, thread.memory().read(line.start, line.end - line.start)});
    }
  }
}

}  // namespace ttrace
