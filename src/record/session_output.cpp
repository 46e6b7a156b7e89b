#include <fcntl.h>
#include <linux/fs.h>
#include <linux/kcmp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "record/descriptor_link.h"
#include "record/file_changes.h"
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

/// The descriptor leads to the same pipe, terminal or file as ours. Sockets cannot be opened again,
/// and other devices (/dev/null) are the same for everybody.
bool is_opened_again(const Fd& ours, Tid tid, int descriptor) {
  struct stat mine {};
  struct stat other {};
  const std::string link = descriptor_link(tid, descriptor);
  if (fstat(ours.value(), &mine) != 0 || stat(link.c_str(), &other) != 0) return false;
  if (mine.st_dev != other.st_dev || mine.st_ino != other.st_ino) return false;
  return S_ISFIFO(mine.st_mode) || S_ISREG(mine.st_mode) ||
         (S_ISCHR(mine.st_mode) && isatty(ours.value()));
}

}  // namespace

/// 1 or 2 if the descriptor is what the program was given as standard output or error, whatever its
/// number is by now, also if it was opened again by name (/dev/stdout); else 0.
int RecordSession::stream_of(const Thread& thread, int descriptor) const {
  const auto same = [&](const Fd& ours) {
    return ours && (syscall(SYS_kcmp, getpid(), thread.tid.value(), KCMP_FILE, long(ours.value()),
                            long(descriptor)) == 0 ||
                    is_opened_again(ours, thread.tid, descriptor));
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
  OutputChunk chunk{EventNumber(events_.recording().event_count()), exit.output_stream, {}};
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
  if (!files_.has_data() && shared_files_.empty()) return;
  const std::string file = changed_file(call, thread.tid, thread.memory());
  if (file.empty()) return;
  if (note_shared_change(thread, file, call, exit)) return;
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
      thread.process->space->shows_changed_files = true;
    }
  }
}

/// Pages of a private mapping that the program gives up show the file again: as it is now, not as
/// it was when it was mapped.
void RecordSession::note_dropped_pages(Thread& thread, const SyscallView& call, SyscallExit& exit) {
  if (!drops_pages(call.args[2]) || !thread.process->space->shows_changed_files) return;
  const Address start(page_floor(call.args[0]));
  const Address end = start + page_ceil(call.args[1]);
  for (const MapLine& line : read_maps(thread.process->pid)) {
    if (line.inode == 0 || line.end <= start || line.start >= end) continue;
    const Address from = std::max(start, line.start);
    const std::uint64_t length = std::min(end, line.end) - from;
    if (length > kMostShown) throw NotRecordable("madvise MADV_DONTNEED on " + line.name);
    exit.writes.push_back({from, thread.memory().read(from, length)});
  }
}

}  // namespace ttrace
