// Memory written by another door than an output argument.
#include <sys/uio.h>
#include <unistd.h>

#include "observe.h"

int main() {
  char from[] = "written", to[8] = {};
  iovec source = {from, 8}, target = {to, 8};
  OBSERVE(process_vm_writev(getpid(), &source, 1, &target, 1, 0) == 8);
  std::puts(to);
}
