#include "cli/output.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace ttrace {

void StandardStream::write(std::string_view text) {
  while (!text.empty() && !error_) {
    const ssize_t n = ::write(fd_, text.data(), text.size());
    if (n >= 0) {
      text.remove_prefix(std::size_t(n));
    } else if (errno == EAGAIN) {
      // Somebody who shares this terminal or pipe made it non-blocking.
      pollfd entry = {fd_, POLLOUT, 0};
      poll(&entry, 1, -1);
    } else if (errno != EINTR) {
      error_ = errno;
    }
  }
}

Console Context::console() const {
  return {[this](std::string_view text) { out.write(text); },
          [this](std::string_view text) { err.write(text); }, terminal, width};
}

void fill_standard_descriptors() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) continue;
    // The lowest free number is the one that is missing.
    if (open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY) != fd) return;
  }
}

}  // namespace ttrace
