#include "record/file_changes.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/limits.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/fd.h"
#include "record/descriptor_link.h"

namespace ttrace {
namespace {

std::string proc_of(Tid tid) { return "/proc/" + std::to_string(tid.value()); }

/// How a descriptor was opened and where its file position is.
struct Position {
  std::uint64_t at = 0;
  bool appends = false;
};

Position position_of(Tid tid, std::uint64_t descriptor) {
  const std::string path = proc_of(tid) + "/fdinfo/" + std::to_string(int(descriptor));
  std::array<char, 256> text{};
  const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd) (void)!read(fd.value(), text.data(), text.size() - 1);
  unsigned long long at = 0;
  unsigned flags = 0;
  std::sscanf(text.data(), "pos: %llu flags: %o", &at, &flags);
  return {at, (flags & O_APPEND) != 0};
}

/// Truncates when it opens.
bool truncates(const SyscallView& call, const Memory& memory) {
  switch (call.number) {
    case SYS_open:
      return call.args[1] & O_TRUNC;
    case SYS_openat:
      return call.args[2] & O_TRUNC;
    case SYS_openat2: {
      std::uint64_t flags = 0;  // the first field of open_how
      return memory.read_value(Address(call.args[2]), flags) && (flags & O_TRUNC);
    }
    default:
      return call.number == SYS_creat;
  }
}

}  // namespace

std::string changed_file(const SyscallView& call, Tid tid, const Memory& memory) {
  const auto descriptor = [&](std::uint64_t number) { return descriptor_link(tid, int(number)); };
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
    case SYS_ioctl: {
      const auto request = std::uint32_t(call.args[1]);
      return request == FICLONE || request == FICLONERANGE ? descriptor(call.args[0]) : "";
    }
    case SYS_creat:
    case SYS_open:
    case SYS_openat:
    case SYS_openat2:
      return truncates(call, memory) ? descriptor(std::uint64_t(call.result)) : "";
    case SYS_truncate: {
      const std::string path = memory.read_string(Address(call.args[0]), PATH_MAX);
      return proc_of(tid) + (path.starts_with("/") ? "/root" : "/cwd/") + path;
    }
    default:
      return "";
  }
}

bool drops_pages(std::uint64_t advice) {
  constexpr std::uint64_t kDontNeedLocked = 24;  // MADV_DONTNEED_LOCKED
  return advice == MADV_DONTNEED || advice == kDontNeedLocked;
}

bool may_resize(std::int64_t number) {
  return number != SYS_write && number != SYS_writev && number != SYS_pwrite64 &&
         number != SYS_pwritev && number != SYS_pwritev2;
}

FilePart changed_part(const SyscallView& call, Tid tid, const Memory& memory,
                      std::uint64_t size_before, std::uint64_t size) {
  const auto& args = call.args;
  const auto written = std::uint64_t(call.result);
  const auto ending_at = [&](std::uint64_t end) { return FilePart{end - written, written}; };
  const auto at_position = [&](std::uint64_t descriptor) {
    return ending_at(position_of(tid, descriptor).at);
  };
  const auto through_pointer = [&](std::uint64_t pointer, std::uint64_t descriptor) {
    std::uint64_t end = 0;
    if (pointer == 0 || !memory.read_value(Address(pointer), end)) return at_position(descriptor);
    return ending_at(end);
  };
  FilePart part;
  switch (call.number) {
    case SYS_write:
    case SYS_writev:
    case SYS_sendfile:
      part = at_position(args[0]);
      break;
    case SYS_pwrite64:
    case SYS_pwritev:
    case SYS_pwritev2: {
      constexpr std::uint64_t kAtPosition = ~0ull;
      const bool is_second = call.number == SYS_pwritev2;
      if (position_of(tid, args[0]).appends || (is_second && (args[5] & RWF_APPEND))) {
        part = ending_at(size);
      } else if (is_second && args[3] == kAtPosition) {
        part = at_position(args[0]);
      } else {
        part = {args[3], written};
      }
      break;
    }
    case SYS_copy_file_range:
    case SYS_splice:
      part = through_pointer(args[3], args[2]);
      break;
    case SYS_fallocate: {
      const bool moves = args[1] & (FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE);
      part = {args[2], moves ? size : args[3]};
      break;
    }
    case SYS_ioctl:
      part = {0, size};
      break;
    default:  // a new size, nothing else
      part = {size, 0};
      break;
  }
  if (size > size_before) {
    // What was stored behind the end, in the last page, may have become part of the file, or not.
    const std::uint64_t tail = std::min(page_ceil(size_before), size);
    const std::uint64_t end = std::max(part.length == 0 ? 0 : part.from + part.length, tail);
    part.from = std::min(part.from, size_before);
    part.length = end - std::min(end, part.from);
  }
  return part;
}

}  // namespace ttrace
