// A memfd: written before it is mapped, mapped by parent and child apart, read back by read().
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "observe.h"

int main() {
  const int fd = memfd_create("guest", MFD_CLOEXEC);
  OBSERVE(fd >= 0 && write(fd, "begin", 5) == 5 && ftruncate(fd, 2 * 4096) == 0);
  const auto map = [&](off_t offset) {
    void* memory = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
    OBSERVE(memory != MAP_FAILED);
    return static_cast<char*>(memory);
  };
  const pid_t child = fork();
  if (child == 0) {
    char* first = map(0);
    OBSERVE(std::strcmp(first, "begin") == 0);
    std::strcpy(first, "from the child");
    std::strcpy(map(4096), "second page");
    _exit(0);
  }
  OBSERVE(waitpid(child, nullptr, 0) == child);
  char text[32] = {};
  OBSERVE(pread(fd, text, 15, 0) == 15);
  char* second = map(4096);
  std::printf("%s, %s\n", text, second);
  OBSERVE(std::strcmp(second, "second page") == 0);
  std::strcpy(second, "third");
  OBSERVE(pread(fd, text, 6, 4096) == 6);
  std::printf("%s\n", text);
}
