#include "tracee/maps.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>

#include "base/fd.h"

namespace ttrace {
namespace {

std::string read_whole(const std::string& path) {
  const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  std::array<char, 8192> part;
  for (ssize_t n; fd && (n = read(fd.value(), part.data(), part.size())) > 0;) {
    text.append(part.data(), std::size_t(n));
  }
  return text;
}

/// The hexadecimal number behind a label of /proc/PID/status.
std::uint64_t signal_set(const std::string& status, std::string_view label) {
  const std::size_t at = status.find(label);
  std::uint64_t set = 0;
  if (at != std::string::npos) {
    std::sscanf(status.c_str() + at + label.size(), "%" SCNx64, &set);
  }
  return set;
}

}  // namespace

std::vector<MapLine> parse_maps(std::string_view text) {
  std::vector<MapLine> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));

    std::uint64_t from = 0;
    std::uint64_t to = 0;
    std::uint64_t offset = 0;
    std::uint64_t inode = 0;
    unsigned major_number = 0;
    unsigned minor_number = 0;
    char flags[5] = {};
    int name_at = 0;
    if (std::sscanf(line.c_str(), "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 " %n",
                    &from, &to, flags, &offset, &major_number, &minor_number, &inode,
                    &name_at) < 7) {
      continue;
    }
    MapLine map;
    map.start = Address(from);
    map.end = Address(to);
    map.protection = (flags[0] == 'r' ? PROT_READ : 0) | (flags[1] == 'w' ? PROT_WRITE : 0) |
                     (flags[2] == 'x' ? PROT_EXEC : 0);
    map.shared = flags[3] == 's';
    map.offset = offset;
    map.device = makedev(major_number, minor_number);
    map.inode = inode;
    map.name = line.substr(std::size_t(name_at));
    lines.push_back(std::move(map));
  }
  return lines;
}

std::vector<MapLine> read_maps(Pid pid) {
  return parse_maps(read_whole("/proc/" + std::to_string(pid.value()) + "/maps"));
}

Address lowest_touched_page(Pid pid, Address start, Address end) {
  constexpr std::uint64_t kPresentOrSwapped = 3ull << 62;  // proc(5), pagemap
  const std::string path = "/proc/" + std::to_string(pid.value()) + "/pagemap";
  const Fd pages(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<std::uint64_t, 512> entries{};
  for (Address at = start; at < end;) {
    const std::size_t wanted = std::min<std::uint64_t>((end - at) / kPageSize, entries.size());
    const auto offset = off_t(at.value() / kPageSize * sizeof(std::uint64_t));
    const std::size_t size = wanted * sizeof(std::uint64_t);
    if (pread(pages.value(), entries.data(), size, offset) != ssize_t(size)) return start;
    for (std::size_t i = 0; i < wanted; ++i) {
      if (entries[i] & kPresentOrSwapped) return at + i * kPageSize;
    }
    at = at + wanted * kPageSize;
  }
  return end;
}

TaskActivity read_activity(Tid tid) {
  const std::string text = read_whole("/proc/" + std::to_string(tid.value()) + "/stat");
  // The name in parentheses may itself hold parentheses and blanks: fields begin after the last.
  const std::size_t close = text.rfind(')');
  TaskActivity activity;
  std::uint64_t user_ticks = 0;
  if (close == std::string::npos) return activity;
  if (std::sscanf(text.c_str() + close + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64,
                  &activity.state, &user_ticks) < 1) {
    return activity;
  }
  activity.user_ms = user_ticks * 1000 / std::uint64_t(sysconf(_SC_CLK_TCK));
  return activity;
}

std::uint64_t read_ignored_signals(Pid pid) {
  return signal_set(read_whole("/proc/" + std::to_string(pid.value()) + "/status"), "SigIgn:");
}

PendingSignals read_pending_signals(Tid tid) {
  const std::string text = read_whole("/proc/" + std::to_string(tid.value()) + "/status");
  return {signal_set(text, "SigPnd:") | signal_set(text, "ShdPnd:"), signal_set(text, "SigBlk:")};
}

}  // namespace ttrace
