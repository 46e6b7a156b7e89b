#include "record/copyable.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tracee/maps.h"

namespace ttrace {
namespace {

namespace fs = std::filesystem;

std::string directory_of(Pid pid) { return "/proc/" + std::to_string(pid.value()) + "/"; }

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// Those that it did not have, or had for another file, when it began.
OpenFiles own_files(Pid pid, const OpenFiles& given) {
  OpenFiles own = open_files(pid);
  for (const auto& [descriptor, target] : given) {
    const auto found = own.find(descriptor);
    if (found != own.end() && found->second == target) own.erase(found);
  }
  return own;
}

/// Devices without a state of their own, and terminals (Documentation/admin-guide/devices.txt in
/// the kernel's tree).
bool is_stateless_device(dev_t device) {
  constexpr unsigned kMemory = 1, kTerminal = 4, kControllingTerminal = 5;
  constexpr unsigned kFirstPseudoTerminal = 136, kLastPseudoTerminal = 143;
  constexpr std::array<unsigned, 5> kNullZeroFullRandom = {3, 5, 7, 8, 9};
  const unsigned kind = major(device);
  if (kind == kMemory) {
    return std::find(kNullZeroFullRandom.begin(), kNullZeroFullRandom.end(), minor(device)) !=
           kNullZeroFullRandom.end();
  }
  return kind == kTerminal || (kind == kControllingTerminal && minor(device) == 0) ||
         (kind >= kFirstPseudoTerminal && kind <= kLastPseudoTerminal);
}

/// What all copies would share of an open file besides its position; "" if nothing.
std::string shared_file_state(const std::string& link, const std::string& target) {
  constexpr std::string_view kNameless = "anon_inode:";
  struct stat info {};
  if (target.starts_with(kNameless)) return "an open " + target.substr(kNameless.size());
  if (stat(link.c_str(), &info) != 0) return "";
  if (S_ISDIR(info.st_mode)) return "";
  struct statfs system {};
  constexpr std::int64_t kQueues = 0x19800202;  // MQUEUE_MAGIC of ipc/mqueue.c
  if (statfs(link.c_str(), &system) == 0 && system.f_type == kQueues)
    return "an open message queue";
  if (S_ISREG(info.st_mode)) return info.st_nlink == 0 ? "an open file without a name" : "";
  if (S_ISCHR(info.st_mode) && is_stateless_device(info.st_rdev)) return "";
  if (S_ISFIFO(info.st_mode)) return "an open pipe";
  if (S_ISSOCK(info.st_mode)) return "an open socket";
  return "the open device " + target;
}

std::optional<std::string> obstacle_in_descriptors(Pid pid, const OpenFiles& given) {
  for (const auto& [descriptor, target] : own_files(pid, given)) {
    const std::string number = std::to_string(descriptor);
    const std::string shared = shared_file_state(directory_of(pid) + "fd/" + number, target);
    if (!shared.empty()) return std::string(shared).append(" (descriptor ").append(number) + ")";
    std::ifstream fields(directory_of(pid) + "fdinfo/" + number);
    for (std::string line; std::getline(fields, line);) {
      if (line.starts_with("lock:")) return "a lock on " + target;
    }
  }
  return {};
}

}  // namespace

OpenFiles open_files(Pid pid) {
  OpenFiles all;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory_of(pid) + "fd", ignored)) {
    all[std::atoi(entry.path().filename().c_str())] = fs::read_symlink(entry.path(), ignored);
  }
  return all;
}

std::optional<std::string> obstacle_to_copy(Pid pid, const OpenFiles& given) {
  const std::string first_task = directory_of(pid) + "task/" + std::to_string(pid.value()) + "/";
  const std::string children = first_line(first_task + "children");
  if (!children.empty()) return "child process " + children.substr(0, children.find(' '));
  if (!first_line(directory_of(pid) + "timers").empty()) return "a timer of timer_create";
  if (read_pending_signals(Tid(pid.value())).pending != 0) return "a pending signal";
  for (const MapLine& line : read_maps(pid)) {
    if (!line.shared || !(line.protection & PROT_WRITE)) continue;
    return "writable shared memory (" + (line.name.empty() ? "without a name" : line.name) + ")";
  }
  return obstacle_in_descriptors(pid, given);
}

std::vector<FilePosition> file_positions(Pid pid, const OpenFiles& given) {
  std::vector<FilePosition> positions;
  for (const auto& [descriptor, target] : own_files(pid, given)) {
    const std::string number = std::to_string(descriptor);
    struct stat info {};
    if (stat((directory_of(pid) + "fd/" + number).c_str(), &info) != 0) continue;
    if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) continue;
    constexpr std::string_view kField = "pos:";  // the first line (proc_pid_fdinfo(5))
    const std::string line = first_line(directory_of(pid) + "fdinfo/" + number);
    if (!line.starts_with(kField)) continue;
    positions.push_back({descriptor, std::strtoll(line.c_str() + kField.size(), nullptr, 10)});
  }
  return positions;
}

}  // namespace ttrace
