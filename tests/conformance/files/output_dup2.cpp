// Standard output is moved into a pipe and back with dup2; only some lines reach the outside.
#include <fcntl.h>
#include <unistd.h>

#include "observe.h"

int main() {
  std::puts("before");
  std::fflush(stdout);
  int kept = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);
  int ends[2];
  OBSERVE(kept >= 10 && pipe(ends) == 0);
  OBSERVE(dup2(ends[1], STDOUT_FILENO) == STDOUT_FILENO);
  std::puts("into the pipe");
  std::fflush(stdout);
  char text[64] = {};
  ssize_t size = read(ends[0], text, sizeof text - 1);
  OBSERVE(size == 14);
  OBSERVE(write(kept, "through the copy\n", 17) == 17);
  OBSERVE(dup3(kept, STDOUT_FILENO, 0) == STDOUT_FILENO && close(kept) == 0);
  std::printf("the pipe had: %s", text);
  std::fflush(stdout);
  OBSERVE(dup2(STDERR_FILENO, STDOUT_FILENO) == STDOUT_FILENO);
  std::puts("now on standard error");
}
