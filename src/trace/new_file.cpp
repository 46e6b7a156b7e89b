#include "trace/new_file.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

namespace ttrace {
namespace {

constexpr unsigned kMostNames = 10000;

struct Advice {
  int error;
  const char* text;
};
constexpr std::array kAdvice = {
    Advice{ENOSPC, "free space or choose another --ttrace-dir"},
    Advice{EDQUOT, "free space or choose another --ttrace-dir"},
    Advice{EFBIG, "raise the limit on file sizes (ulimit -f) or choose another --ttrace-dir"},
    Advice{ENAMETOOLONG, "choose a shorter name"},
    Advice{EISDIR, "a directory has that name: remove it or choose another name"},
};

const char* advice_for(int error) {
  for (const Advice& row : kAdvice) {
    if (row.error == error) return row.text;
  }
  return "choose another --ttrace-dir that can be written";
}

// What open(O_TMPFILE) says where the kernel or the file system does not know it.
bool means_unsupported(int error) {
  return error == EOPNOTSUPP || error == EISDIR || error == EINVAL || error == ENOSYS;
}

}  // namespace

void throw_cannot_write(const std::string& path, int error) {
  throw Error("cannot write " + path + ": " + std::generic_category().message(error) + "; " +
              advice_for(error));
}

std::string existing_directory(const std::string& directory) {
  std::error_code error;
  std::filesystem::path path = std::filesystem::absolute(directory, error).lexically_normal();
  while (!std::filesystem::is_directory(path, error) && path.has_relative_path()) {
    path = path.parent_path();
  }
  return path.empty() ? "/" : path.string();
}

Fd open_unnamed(const std::string& wanted) {
  const std::string directory = existing_directory(wanted);
  Fd file(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file) return file;
  if (!means_unsupported(errno)) throw_cannot_write(directory, errno);
  std::string name = directory + "/" + std::string(kTemporaryPrefix) + "XXXXXX";
  file = Fd(::mkostemp(name.data(), O_CLOEXEC));
  if (!file) throw_cannot_write(directory, errno);
  ::unlink(name.c_str());
  return file;
}

void write_whole(int fd, std::uint64_t offset, ByteView bytes, const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), off_t(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_cannot_write(name, errno);
    offset += std::uint64_t(written);
    bytes = bytes.subspan(std::size_t(written));
  }
}

NewFile::NewFile(int directory, std::string directory_name, Fd begun, std::uint64_t size)
    : directory_(directory), directory_name_(std::move(directory_name)), file_(std::move(begun)) {
  truncate(size);
}

NewFile::NewFile(int directory, std::string directory_name, Unnamed unnamed)
    : directory_(directory), directory_name_(std::move(directory_name)) {
  if (unnamed == Unnamed::if_supported) {
    file_ = Fd(::openat(directory_, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (file_) return;
    if (!means_unsupported(errno)) fail(errno);
  }
  create_temporary();
}

NewFile::~NewFile() {
  if (!temporary_.empty()) ::unlinkat(directory_, temporary_.c_str(), 0);
}

void NewFile::fail(int error) const { throw_cannot_write(directory_name_, error); }

std::string NewFile::temporary_name(unsigned n) {
  return std::string(kTemporaryPrefix) + std::to_string(::getpid()) + "-" + std::to_string(n);
}

void NewFile::create_temporary() {
  for (unsigned n = 0; n < kMostNames; ++n) {
    const std::string name = temporary_name(n);
    file_ = Fd(::openat(directory_, name.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600));
    if (file_) {
      temporary_ = name;
      return;
    }
    if (errno != EEXIST) fail(errno);
  }
  fail(EEXIST);
}

void NewFile::write(ByteView bytes) {
  write_whole(file_.value(), size_, bytes, directory_name_);
  size_ += bytes.size();
}

void NewFile::truncate(std::uint64_t size) {
  if (::ftruncate(file_.value(), off_t(size)) != 0) fail(errno);
  size_ = size;
}

void NewFile::overwrite(std::uint64_t offset, ByteView bytes) {
  write_whole(file_.value(), offset, bytes, directory_name_);
}

void copy_contents(int from, const std::string& from_name, NewFile& to) {
  constexpr std::size_t kAtOnce = std::size_t{64} << 20;
  constexpr std::size_t kBuffer = std::size_t{1} << 20;
  struct stat status {};
  if (to.size() == 0 && ::fstat(from, &status) == 0 && ::ioctl(to.fd(), FICLONE, from) == 0) {
    return to.grow(std::uint64_t(status.st_size));
  }
  off_t position = 0;
  for (;;) {
    auto end = off_t(to.size());
    const ssize_t copied = ::copy_file_range(from, &position, to.fd(), &end, kAtOnce, 0);
    if (copied <= 0) break;  // The end, or not supported here: what is left is copied by hand.
    to.grow(std::uint64_t(copied));
  }
  Bytes buffer(kBuffer);
  for (;;) {
    const ssize_t got = ::pread(from, buffer.data(), buffer.size(), position);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno("read " + from_name);
    if (got == 0) return;
    to.write(ByteView(buffer).first(std::size_t(got)));
    position += got;
  }
}

void NewFile::publish(const std::string& name) {
  if (::fsync(file_.value()) != 0) fail(errno);
  if (temporary_.empty()) link_unnamed(name);
  if (!temporary_.empty()) {
    if (::renameat(directory_, temporary_.c_str(), directory_, name.c_str()) != 0) {
      throw_cannot_write(directory_name_ + "/" + name, errno);
    }
    temporary_.clear();
  }
  ::fsync(directory_);  // Not every file system can; the name is there in any case.
}

bool NewFile::link_as(const std::string& name) {
  const std::string self = "/proc/self/fd/" + std::to_string(file_.value());
  return ::linkat(AT_FDCWD, self.c_str(), directory_, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
}

// A file of another file system, or whose name was removed, cannot be linked here.
void NewFile::copy_to_directory() {
  NewFile copy(directory_, directory_name_);
  copy_contents(file_.value(), directory_name_, copy);
  if (::fsync(copy.file_.value()) != 0) fail(errno);
  file_ = std::move(copy.file_);
  temporary_ = std::exchange(copy.temporary_, {});
}

// Gives the file its final name if that is free, else a temporary one to be renamed.
void NewFile::link_unnamed(const std::string& name) {
  if (link_as(name)) return;
  if (errno == EXDEV || errno == ENOENT) {
    copy_to_directory();
    if (!temporary_.empty() || link_as(name)) return;
  }
  if (errno != EEXIST) throw_cannot_write(directory_name_ + "/" + name, errno);
  for (unsigned n = 0; n < kMostNames; ++n) {
    const std::string temporary = temporary_name(n);
    if (link_as(temporary)) {
      temporary_ = temporary;
      return;
    }
    if (errno != EEXIST) fail(errno);
  }
  fail(EEXIST);
}

}  // namespace ttrace
