// A process writes its own memory with process_vm_writev: in pieces, partly, and not at all.
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <thread>

#include "observe.h"

int main() {
  char from[] = "written";
  static char to[2][8];
  iovec source = {from, 8};
  const iovec target[] = {{to[0], 3}, {to[1], 5}};
  OBSERVE(process_vm_writev(getpid(), &source, 1, target, 2, 0) == 8);
  std::printf("%s %s\n", to[0], to[1]);

  // Up to the end of what is mapped.
  char* pages = static_cast<char*>(
      mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  OBSERVE(munmap(pages + 4096, 4096) == 0);
  const iovec parts[] = {{pages, 4}, {pages + 4096, 4}};
  OBSERVE(process_vm_writev(getpid(), &source, 1, parts, 2, 0) == 4);
  std::printf("%.4s\n", pages);
  const iovec nowhere = {pages + 4096, 8};
  OBSERVE(process_vm_writev(getpid(), &source, 1, &nowhere, 1, 0) == -1 && errno == EFAULT);

  std::thread([&] {
    from[0] = 'W';
    const iovec whole = {to, 8};
    OBSERVE(process_vm_writev(gettid(), &source, 1, &whole, 1, 0) == 8);
  }).join();
  std::puts(to[0]);
}
