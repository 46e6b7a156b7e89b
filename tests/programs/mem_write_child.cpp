// A process writes the memory of its child.
#include <sys/uio.h>
#include <unistd.h>

#include "observe.h"

int main() {
  static char to[8];
  const pid_t child = fork();
  if (child == 0) {
    for (;;) pause();
  }
  char from[] = "written";
  iovec source = {from, 8}, target = {to, 8};
  OBSERVE(process_vm_writev(child, &source, 1, &target, 1, 0) == 8);
  std::puts("written");
}
