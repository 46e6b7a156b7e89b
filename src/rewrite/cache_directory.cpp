#include "rewrite/cache_directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "base/error.h"
#include "base/fd.h"

namespace ttrace {

bool write_all(int fd, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(fd, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    bytes = bytes.subspan(std::size_t(done));
  }
  return true;
}

namespace {

/// Like mkdir -p; that it failed shows when a file is created there.
void make_directory(const std::string& path) {
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    ::mkdir(path.substr(0, slash).c_str(), 0700);
    if (slash == std::string::npos) return;
  }
}

/// Through a file without a name, so that a process killed here leaves nothing behind. False where
/// the file system has no such files.
bool write_unnamed(const std::string& directory, const std::string& path, ByteView bytes) {
  const Fd fd(::open(directory.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
  if (!fd || !write_all(fd.value(), bytes)) return false;
  const std::string unnamed = "/proc/self/fd/" + std::to_string(fd.value());
  const auto link = [&] {
    return ::linkat(AT_FDCWD, unnamed.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0;
  };
  if (link()) return true;
  if (errno != EEXIST) return false;
  // Either a damaged file, or another process was faster and its file is as good as this one.
  ::unlink(path.c_str());
  return link() || errno == EEXIST;
}

void write_renamed(const std::string& path, ByteView bytes) {
  std::string temporary = path + ".XXXXXX";
  const Fd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) return;
  if (!write_all(fd.value(), bytes) || ::rename(temporary.c_str(), path.c_str()) != 0)
    ::unlink(temporary.c_str());
}

}  // namespace

FileIdentity identity_of(int fd) {
  struct stat status;
  if (::fstat(fd, &status) != 0) throw_errno("fstat of a binary to analyse");
  return {std::uint64_t(status.st_dev),          std::uint64_t(status.st_ino),
          std::uint64_t(status.st_size),         std::uint64_t(status.st_mtim.tv_sec),
          std::uint64_t(status.st_mtim.tv_nsec), std::uint64_t(status.st_ctim.tv_sec),
          std::uint64_t(status.st_ctim.tv_nsec)};
}

void keep_file(const std::string& directory, const std::string& name, ByteView bytes) {
  make_directory(directory);
  const std::string path = directory + "/" + name;
  if (!write_unnamed(directory, path, bytes)) write_renamed(path, bytes);
}

}  // namespace ttrace
