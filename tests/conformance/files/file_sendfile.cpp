// sendfile, copy_file_range and splice between files and a pipe; then sendfile to standard output.
#include <fcntl.h>
#include <sys/sendfile.h>

#include "temporary.h"

int main() {
  Temporary from, to;
  from.write(std::string(100'000, 'a') + "end\n");
  off_t at = 50'000;
  OBSERVE(sendfile(to.fd(), from.fd(), &at, 1'000) == 1'000 && at == 51'000);
  loff_t in = 100'000;
  ssize_t copied = copy_file_range(from.fd(), &in, to.fd(), nullptr, 4, 0);
  OBSERVE(copied == 4 || errno == EXDEV || errno == ENOSYS || errno == EINVAL);
  int ends[2];
  OBSERVE(pipe2(ends, O_CLOEXEC) == 0);
  in = 100'000;
  OBSERVE(splice(from.fd(), &in, ends[1], nullptr, 4, 0) == 4);
  char text[8] = {};
  OBSERVE(read(ends[0], text, 8) == 4 && std::strcmp(text, "end\n") == 0);
  OBSERVE(lseek(to.fd(), 0, SEEK_END) == (copied == 4 ? 1'004 : 1'000));
  std::printf("copied %zd\n", copied);
  std::fflush(stdout);
  at = 100'000;
  ssize_t sent = sendfile(STDOUT_FILENO, from.fd(), &at, 4);
  if (sent < 0) OBSERVE(write(STDOUT_FILENO, "end\n", 4) == 4);
}
