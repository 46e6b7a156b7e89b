// The kernel's asynchronous input is absent when recorded: a program falls back.
#include <sys/syscall.h>
#include <unistd.h>

#include "observe.h"

int main() {
  unsigned long context = 0;
  if (syscall(SYS_io_setup, 8, &context) != 0) {
    OBSERVE(errno == ENOSYS || errno == EAGAIN);
  } else {
    syscall(SYS_io_destroy, context);
  }
  std::printf("went on\n");
}
