// Standard output is closed: writes fail, a file that is opened next takes its number.
#include <fcntl.h>
#include <unistd.h>

#include "temporary.h"

int main() {
  std::puts("the last line");
  std::fflush(stdout);
  Temporary file;
  OBSERVE(close(STDOUT_FILENO) == 0);
  OBSERVE(write(STDOUT_FILENO, "x", 1) == -1 && errno == EBADF);
  if (std::puts("lost") >= 0 && std::fflush(stdout) == 0) return 4;
  int fd = open(file.path(), O_RDWR | O_CLOEXEC);
  OBSERVE(fd == STDOUT_FILENO);
  OBSERVE(write(STDOUT_FILENO, "into the file", 13) == 13);
  char text[20] = {};
  OBSERVE(pread(file.fd(), text, 20, 0) == 13 && std::strcmp(text, "into the file") == 0);
  std::fprintf(stderr, "the file has: %s\n", text);
}
