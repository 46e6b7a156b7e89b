#include "trace/new_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>

namespace ttrace {
namespace {

constexpr unsigned kMostNames = 10000;

struct Advice {
  int error;
  const char* text;
};
constexpr std::array kAdvice = {
    Advice{ENOSPC, "free space or choose another directory"},
    Advice{EDQUOT, "free space or choose another directory"},
    Advice{EFBIG, "raise the limit on file sizes (ulimit -f) or choose another directory"},
    Advice{ENAMETOOLONG, "choose a shorter name"},
    Advice{EISDIR, "a directory has that name: remove it or choose another name"},
};

const char* advice_for(int error) {
  for (const Advice& row : kAdvice) {
    if (row.error == error) return row.text;
  }
  return "choose another directory that can be written";
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
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_.value(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(errno);
    bytes = bytes.subspan(std::size_t(written));
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

// Gives the file its final name if that is free, else a temporary one to be renamed.
void NewFile::link_unnamed(const std::string& name) {
  const std::string self = "/proc/self/fd/" + std::to_string(file_.value());
  const auto link_as = [&](const std::string& as) {
    return ::linkat(AT_FDCWD, self.c_str(), directory_, as.c_str(), AT_SYMLINK_FOLLOW) == 0;
  };
  if (link_as(name)) return;
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
