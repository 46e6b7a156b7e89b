#include <fcntl.h>
#include <fnmatch.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <set>

#include "record/descriptor_link.h"
#include "record/file_changes.h"
#include "record/outsiders.h"
#include "record/session.h"
#include "tracee/maps.h"

// Memory that several processes see: files mapped with MAP_SHARED and System V segments. One thread
// runs at a time, and a replay maps the same memory into all its hosts, so stores need no events;
// what the kernel changes does (docs/decisions/0005).

namespace ttrace {
namespace {

/// A larger file that is only read stays an object of the trace, and is refused if it changes.
constexpr std::uint64_t kMostReadOnly = std::uint64_t(64) << 20;
/// What may be saved of a process that was killed while it ran.
constexpr std::uint64_t kMostSaved = std::uint64_t(256) << 20;

/// File systems whose files are views of the kernel or of devices, not memory.
constexpr std::array<long, 5> kViews = {SYSFS_MAGIC, PROC_SUPER_MAGIC, DEBUGFS_MAGIC, TRACEFS_MAGIC,
                                        SECURITYFS_MAGIC};

bool is_view(int fd) {
  struct statfs info {};
  return fstatfs(fd, &info) == 0 &&
         std::find(kViews.begin(), kViews.end(), long(info.f_type)) != kViews.end();
}

bool is_elf(int fd) {
  std::array<char, 4> magic{};
  return pread(fd, magic.data(), magic.size(), 0) == ssize_t(magic.size()) &&
         std::memcmp(magic.data(), "\177ELF", magic.size()) == 0;
}

/// The mapping of a stopped thread's address space that holds the address.
MapLine line_at(Tid tid, Address at) {
  for (MapLine& line : read_maps(Pid(tid.value()))) {
    if (line.start <= at && at < line.end) return std::move(line);
  }
  throw NotRecordable("a mapping that /proc/PID/maps does not show");
}

std::uint64_t ipc_namespace(Tid tid) {
  const std::string path = "/proc/" + std::to_string(tid.value()) + "/ns/ipc";
  struct stat info {};
  return stat(path.c_str(), &info) == 0 ? info.st_ino : 0;
}

}  // namespace

/// From here on, what calls of this process write may be seen by processes that run meanwhile.
void RecordSession::share_memory(Thread& thread) {
  if (thread.process->space->shares_memory) return;
  thread.process->space->shares_memory = true;
  make_scratch(thread);
}

/// A mapping of a file that shows what others change. False: it shows the file as it is now, an
/// object of the trace, or is no mapping of a file.
bool RecordSession::note_shared_mapping(Thread& thread, const SyscallView& call,
                                        SyscallExit& exit) {
  const auto& args = call.args;
  const bool shared = (args[3] & MAP_TYPE) != MAP_PRIVATE;
  if (!shared && shared_files_.empty()) return false;
  const std::string link = descriptor_link(thread.tid, int(args[4]));
  struct stat info {};
  if (stat(link.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return false;
  SharedFiles::File* file = shared_files_.find(info);
  if (!shared && file == nullptr) return false;
  const bool text = file != nullptr && (args[2] & PROT_EXEC) && is_elf(file->fd.value());
  if (!shared && text) file->has_text = true;
  if (file != nullptr && file->has_text && is_shared_for_writing(*file)) {
    throw NotRecordable("mmap of " + file->name + ", which is mapped as text and shared");
  }
  if (!shared && text) return false;
  if (file == nullptr) file = enter_shared_file(thread, call, link, info);
  if (file == nullptr) return false;
  exit.shared = SharedFiles::read(*file, args[5], page_ceil(args[1]));
  if (!shared) make_room(thread, call, exit);  // it may be a library that was linked a moment ago
  if (shared && (args[2] & PROT_WRITE)) share_memory(thread);
  if (shared) thread.process->space->shows_shared_files = true;
  return true;
}

/// The file of the first shared mapping, which the call made; null if that is better an object.
SharedFiles::File* RecordSession::enter_shared_file(Thread& thread, const SyscallView& call,
                                                    const std::string& link,
                                                    const struct stat& info) {
  const auto& args = call.args;
  const bool writable = args[2] & PROT_WRITE;
  const Address start{std::uint64_t(call.result)};
  const std::uint64_t length = page_ceil(args[1]);
  const std::uint64_t behind =
      std::uint64_t(info.st_size) - std::min(args[5], std::uint64_t(info.st_size));
  const MapLine line = line_at(thread.tid, start);
  Fd fd(open(link.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) {
    throw NotRecordable("mmap of " + line.name +
                        ", which the recorder cannot open: " + std::strerror(errno));
  }
  const bool otherwise =
      files_.was_mapped(info) && is_mapped_otherwise(thread, line, start, length);
  const bool is_text = (args[2] & PROT_EXEC) && is_elf(fd.value());
  const bool view = is_view(fd.value());
  if (!writable && (otherwise || is_text || view || std::min(behind, length) > kMostReadOnly)) {
    return nullptr;
  }
  if (otherwise || view) {
    throw NotRecordable("mmap with MAP_SHARED and PROT_WRITE of " + line.name +
                        (view ? ", which is no memory" : ", which is mapped otherwise too"));
  }
  const Outsiders outsiders = [&] {
    std::set<Pid> inside;
    for (const auto& [tid, other] : threads_) inside.insert(other->process->pid);
    return Outsiders(std::move(inside), line);
  }();
  if (const auto who = outsiders.of_file(fd.value(), writable, shared_files_.began_ns())) {
    warn(line.name + " is shared with process " + *who +
         ", which is not recorded: what that writes is not in the trace (--ttrace-private=" +
         line.name + " gives the program a copy)");
  }
  files_.note_changing(info);
  return &shared_files_.enter({info.st_dev, info.st_ino}, std::move(fd), line);
}

/// Some recorded process maps the file of `own` elsewhere than in [start, start+length).
bool RecordSession::is_mapped_otherwise(const Thread& thread, const MapLine& own, Address start,
                                        std::uint64_t length) const {
  for (const auto& [tid, other] : threads_) {
    const bool same = other->process->space == thread.process->space;
    for (const MapLine& line : read_maps(Pid(tid.value()))) {
      if (line.inode != own.inode || line.device != own.device) continue;
      const bool is_own = same && line.start >= start && line.end <= start + length;
      if (!is_own) return true;
    }
  }
  return false;
}

/// Some recorded process can store in the file.
bool RecordSession::is_shared_for_writing(const SharedFiles::File& file) const {
  for (const auto& [tid, other] : threads_) {
    for (const MapLine& line : read_maps(Pid(tid.value()))) {
      if (line.shared && (line.protection & PROT_WRITE) && line.inode == file.maps_inode &&
          line.device == file.maps_device) {
        return true;
      }
    }
  }
  return false;
}

/// shmat
void RecordSession::note_segment(Thread& thread, const SyscallView& call, SyscallExit& exit) {
  const Address at{std::uint64_t(call.result)};
  const MapLine line = line_at(thread.tid, at);
  const SharedFiles::Key key{ipc_namespace(thread.tid), std::uint64_t(int(call.args[0])), true};
  SharedFiles::File* segment = shared_files_.find(key);
  if (segment == nullptr) {
    segment = &shared_files_.enter(key, Fd(), line);
    std::set<Pid> inside;
    for (const auto& [tid, other] : threads_) inside.insert(other->process->pid);
    if (const auto who = Outsiders(std::move(inside), line).of_segment()) {
      warn("the System V segment " + std::to_string(int(call.args[0])) +
           " is shared with process " + *who +
           ", which is not recorded: what that writes is not in the trace");
    }
  }
  exit.shared = SharedFiles::read_segment(*segment, line.end - line.start, thread.memory(), at);
  if (!(call.args[2] & SHM_RDONLY)) share_memory(thread);
}

/// A mapping that grew may show more of its file.
void RecordSession::note_remap(const Thread& thread, const SyscallView& call, SyscallExit& exit) {
  const bool grows = page_ceil(call.args[2]) > page_ceil(call.args[1]);
  const bool none = shared_files_.empty() && options_.private_paths.empty();
  if (none || call.result < 0 || !grows) return;
  const Address at{std::uint64_t(call.result)};
  const MapLine line = line_at(thread.tid, at);
  if (!line.shared && line.inode != 0 && is_private(line.name)) {
    throw NotRecordable("mremap of " + line.name + ", which --ttrace-private made private");
  }
  SharedFiles::File* file = shared_files_.shown_by(line);
  if (file == nullptr || !file->fd) return;
  exit.shared = SharedFiles::read(*file, line.offset + (at - line.start), page_ceil(call.args[2]));
}

/// A call changed `file`. False: it is not one that is shared.
bool RecordSession::note_shared_change(const Thread& thread, const std::string& name,
                                       const SyscallView& call, SyscallExit& exit) {
  struct stat info {};
  if (shared_files_.empty() || stat(name.c_str(), &info) != 0) return false;
  SharedFiles::File* file = shared_files_.find(info);
  if (file == nullptr) return false;
  if (file->has_text) {
    throw NotRecordable(syscall_name(call.number) + " on " + file->name +
                        ", which is mapped as text and shared");
  }
  const FilePart part =
      changed_part(call, thread.tid, thread.memory(), file->size, std::uint64_t(info.st_size));
  exit.shared = SharedFiles::read(*file, part.from, part.length);
  return true;
}

/// The call, which begins now, writes to a shared file: others would see that before it ends.
bool RecordSession::changes_shared_file(const Thread& thread) {
  if (shared_files_.empty()) return false;
  switch (thread.call.number) {
    case SYS_write:
    case SYS_writev:
    case SYS_pwrite64:
    case SYS_pwritev:
    case SYS_pwritev2:
    case SYS_copy_file_range:
      break;
    default:
      return false;
  }
  const std::string name = changed_file(thread.call, thread.tid, thread.memory());
  struct stat info {};
  return stat(name.c_str(), &info) == 0 && shared_files_.find(info) != nullptr;
}

/// The thread was killed where it ran: nobody knows how far it came, but what it left in memory
/// that others see can be told.
void RecordSession::save_shared_memory(Thread& thread) {
  const bool ran = thread.place == Thread::Place::user || thread.place == Thread::Place::boundary;
  if (!ran || thread.tid != current_ || !thread.process->space->shares_memory) return;
  std::uint64_t total = 0;
  for (const MapLine& line : read_maps(Pid(thread.tid.value()))) {
    if (!line.shared || !(line.protection & PROT_WRITE)) continue;
    total += line.end - line.start;
    if (total > kMostSaved) {
      throw NotRecordable("a process that was killed from outside and shared more than " +
                          std::to_string(kMostSaved >> 20) + " MiB of memory");
    }
    thread.writes_at_exit.push_back(
        {line.start, thread.memory().read(line.start, line.end - line.start)});
  }
}

bool RecordSession::is_private(const std::string& path) const {
  return std::any_of(
      options_.private_paths.begin(), options_.private_paths.end(),
      [&](const std::string& pattern) { return fnmatch(pattern.c_str(), path.c_str(), 0) == 0; });
}

/// The call, which begins now, would share a file that the user said it shall not share.
void RecordSession::make_private(Thread& thread) {
  thread.made_private = false;
  const auto& args = thread.call.args;
  if (options_.private_paths.empty() || thread.call.number != SYS_mmap) return;
  if ((args[3] & MAP_ANONYMOUS) || (args[3] & MAP_TYPE) == MAP_PRIVATE) return;
  std::array<char, 4096> path{};
  const std::string link = descriptor_link(thread.tid, int(args[4]));
  if (readlink(link.c_str(), path.data(), path.size() - 1) < 0 || !is_private(path.data())) return;
  thread.made_private = true;
  GeneralRegisters regs = thread.regs;
  regs.r10 = (args[3] & ~std::uint64_t(MAP_TYPE | MAP_SYNC)) | MAP_PRIVATE;
  thread.task().set_registers(regs);
}

/// Writing a page of a private mapping makes it the process's own; a replay maps memory of that
/// contents.
void RecordSession::note_private_copy(Thread& thread, const SyscallView& call, SyscallExit& exit) {
  thread.regs.r10 = call.args[3];
  thread.task().set_registers(thread.regs);
  Mapping copy;
  copy.start = Address(std::uint64_t(call.result));
  copy.length = page_ceil(call.args[1]);
  copy.protection = int(call.args[2]);
  copy.name = line_at(thread.tid, copy.start).name;
  std::uint64_t total = 0;
  for (std::uint64_t done = 0; done < copy.length; done += kPageSize) {
    const Address at = copy.start + done;
    Bytes page = thread.memory().read(at, kPageSize);
    if (page.empty()) break;  // behind the end of the file
    thread.memory().write(at, page);
    if (std::all_of(page.begin(), page.end(), [](std::byte b) { return b == std::byte(0); })) {
      continue;
    }
    total += page.size();
    if (total > kMostSaved) {
      throw NotRecordable("a private copy of more than " + std::to_string(kMostSaved >> 20) +
                          " MiB of " + copy.name);
    }
    exit.writes.push_back({at, std::move(page)});
  }
  exit.overlays.push_back(std::move(copy));
}

}  // namespace ttrace
