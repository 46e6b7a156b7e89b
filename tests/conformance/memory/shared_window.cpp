// Looks at a file, which it maps and its argument names, whether others change it; leaves a word
// there.
#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "observe.h"

int main(int, char** argv) {
  const int fd = open(argv[1], O_RDWR);
  OBSERVE(fd >= 0);
  auto* cells = static_cast<volatile int*>(
      mmap(nullptr, 2 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  OBSERVE(cells != MAP_FAILED);
  const int first = cells[0];
  bool changed = false;
  for (int i = 0; i < 50; ++i) {
    const timespec shortly{0, 2'000'000};
    nanosleep(&shortly, nullptr);
    changed = changed || cells[0] != first;
  }
  cells[1024] = 42;
  OBSERVE(msync(const_cast<int*>(cells), 2 * 4096, MS_SYNC) == 0);
  std::printf("%d %s\n", first, changed ? "changed" : "steady");
}
