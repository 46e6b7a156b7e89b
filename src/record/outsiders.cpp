#include "record/outsiders.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace ttrace {
namespace {

namespace fs = std::filesystem;

/// The file was made after that time; false if its file system does not know.
bool is_younger(int fd, std::int64_t than_ns) {
  struct statx info {};
  if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &info) != 0) return false;
  if (!(info.stx_mask & STATX_BTIME)) return false;
  return info.stx_btime.tv_sec * 1'000'000'000 + info.stx_btime.tv_nsec >= than_ns;
}

/// A read lease is given only while nobody has the file open, or mapped, for writing (fcntl(2)).
bool is_written_by_somebody(int fd) {
  // Who opens it for writing meanwhile waits for us, and we are told by a signal.
  fcntl(fd, F_SETSIG, SIGURG);
  if (fcntl(fd, F_SETLEASE, F_RDLCK) == 0) {
    fcntl(fd, F_SETLEASE, F_UNLCK);
    return false;
  }
  return errno == EAGAIN;
}

std::string name_of(Pid pid) {
  std::ifstream file("/proc/" + std::to_string(pid.value()) + "/comm");
  std::string name;
  std::getline(file, name);
  return std::to_string(pid.value()) + " (" + name + ")";
}

bool opened_for_writing(const fs::path& process, const std::string& descriptor) {
  std::ifstream file(process / "fdinfo" / descriptor);
  unsigned flags = 0;
  for (std::string line; std::getline(file, line);) {
    if (std::sscanf(line.c_str(), "flags: %o", &flags) == 1) break;
  }
  return (flags & O_ACCMODE) != O_RDONLY;
}

}  // namespace

std::optional<std::string> Outsiders::of_file(int fd, bool writable, std::int64_t began_ns) const {
  if (is_younger(fd, began_ns)) return {};
  if (!writable && !is_written_by_somebody(fd)) return {};
  return find(fd);
}

std::optional<std::string> Outsiders::of_segment() const { return find(-1); }

std::optional<std::string> Outsiders::find(int fd) const {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
    const int number = std::atoi(entry.path().filename().c_str());
    if (number <= 0 || number == getpid() || inside_.contains(Pid(number))) continue;
    const Pid pid(number);
    if (maps_it(pid) || (fd >= 0 && opened_it(pid, fd))) return name_of(pid);
  }
  return {};
}

bool Outsiders::maps_it(Pid pid) const {
  for (const MapLine& line : read_maps(pid)) {
    if (line.shared && (line.protection & PROT_WRITE) && line.inode == line_.inode &&
        line.device == line_.device) {
      return true;
    }
  }
  return false;
}

bool Outsiders::opened_it(Pid pid, int fd) const {
  struct stat wanted {};
  if (fstat(fd, &wanted) != 0) return false;
  const fs::path process = "/proc/" + std::to_string(pid.value());
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(process / "fd", ignored)) {
    // Only of the same name: to look at a file may take long where a server has it.
    const fs::path target = fs::read_symlink(entry.path(), ignored);
    if (target.filename() != fs::path(line_.name).filename()) continue;
    struct stat info {};
    if (stat(entry.path().c_str(), &info) != 0) continue;
    if (info.st_dev == wanted.st_dev && info.st_ino == wanted.st_ino &&
        opened_for_writing(process, entry.path().filename().string())) {
      return true;
    }
  }
  return false;
}

}  // namespace ttrace
