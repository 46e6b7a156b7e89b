// Memory written through /proc/self/mem: at a position, in pieces, at the file's own position,
// through a duplicate, by a relative path, and where the program itself may not write.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "observe.h"

static off_t place(const void* at) { return reinterpret_cast<off_t>(at); }

int main() {
  static char text[32] = "before";
  const int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
  OBSERVE(fd >= 0);
  OBSERVE(pwrite(fd, "after", 6, place(text)) == 6);
  std::puts(text);

  char first[] = "one ", second[] = "two";
  const iovec pieces[] = {{first, 4}, {second, 4}};
  OBSERVE(pwritev(fd, pieces, 2, place(text)) == 8);
  std::puts(text);

  const int copy = dup(fd);
  OBSERVE(lseek(copy, place(text), SEEK_SET) == place(text));
  OBSERVE(write(fd, "thr", 3) == 3);
  OBSERVE(write(copy, "ee!", 4) == 4);
  std::puts(text);
  OBSERVE(lseek(copy, place(text), SEEK_SET) == place(text));
  OBSERVE(writev(copy, pieces, 2) == 8);
  std::puts(text);

  const int directory = open("/proc/self", O_RDONLY | O_DIRECTORY);
  const int relative = openat(directory, "mem", O_WRONLY);
  OBSERVE(relative >= 0);
  OBSERVE(pwrite(relative, "relative", 9, place(text)) == 9);
  std::puts(text);

  void* page = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  OBSERVE(page != MAP_FAILED);
  OBSERVE(pwrite(fd, "read-only", 10, place(page)) == 10);
  std::puts(static_cast<char*>(page));
  OBSERVE(pwrite(fd, "nowhere", 8, 4096) == -1 && errno == EIO);
}
