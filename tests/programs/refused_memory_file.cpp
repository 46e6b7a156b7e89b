// Memory written through /proc/self/mem.
#include <fcntl.h>
#include <unistd.h>

#include "observe.h"

int main() {
  static char text[] = "before";
  int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
  OBSERVE(fd >= 0);
  OBSERVE(pwrite(fd, "after", 6, static_cast<off_t>(reinterpret_cast<unsigned long>(text))) == 6);
  OBSERVE(std::strcmp(text, "after") == 0);
  std::puts(text);
}
