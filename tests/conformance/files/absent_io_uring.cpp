// io_uring and rseq look as on an old kernel when recorded; natively they may exist.
#include <sys/syscall.h>
#include <unistd.h>

#include "observe.h"

int main() {
  char parameters[120] = {};
  long uring = syscall(SYS_io_uring_setup, 1, parameters);
  std::printf("io_uring_setup %s\n", uring >= 0 ? "exists" : std::strerror(errno));
  long rseq = syscall(SYS_rseq, parameters, 0, 0, 0);
  std::printf("rseq %s\n", rseq >= 0 ? "exists" : std::strerror(errno));
}
