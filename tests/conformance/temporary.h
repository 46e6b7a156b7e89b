#ifndef TTRACE_TESTS_PROGRAMS_TEMPORARY_H_
#define TTRACE_TESTS_PROGRAMS_TEMPORARY_H_

#include <stdlib.h>
#include <unistd.h>

#include <string>

#include "observe.h"

/// A file of the test's own that is gone when the guest ends.
class Temporary {
 public:
  Temporary() {
    const char* directory = getenv("TMPDIR");
    path_ = std::string(directory ? directory : "/tmp") + "/guest-XXXXXX";
    fd_ = mkstemp(path_.data());
    OBSERVE(fd_ >= 0);
  }
  ~Temporary() {
    if (!path_.empty()) unlink(path_.c_str());
    if (fd_ >= 0) close(fd_);
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  int fd() const { return fd_; }
  const char* path() const { return path_.c_str(); }
  void remove() {
    OBSERVE(unlink(path_.c_str()) == 0);
    path_.clear();
  }
  void write(const std::string& text, off_t at = 0) {
    OBSERVE(pwrite(fd_, text.data(), text.size(), at) == static_cast<ssize_t>(text.size()));
  }

 private:
  std::string path_;
  int fd_ = -1;
};

#endif  // TTRACE_TESTS_PROGRAMS_TEMPORARY_H_
