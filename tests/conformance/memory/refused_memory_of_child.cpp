// A process writes the memory of its child through its file.
#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "observe.h"

int main() {
  static char to[8];
  const pid_t child = fork();
  if (child == 0) {
    for (;;) pause();
  }
  const int fd = open(("/proc/" + std::to_string(child) + "/mem").c_str(), O_RDWR);
  OBSERVE(fd >= 0);
  OBSERVE(pwrite(fd, "written", 8, reinterpret_cast<off_t>(to)) == 8);
  std::puts("written");
}
