// Much shared memory of which little is touched.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "observe.h"

int main() {
  constexpr std::size_t kSize = std::size_t(16) << 30;
  const int fd = memfd_create("sparse", 0);
  OBSERVE(fd >= 0 && ftruncate(fd, kSize) == 0);
  const auto map = [&] {
    void* memory = mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
    OBSERVE(memory != MAP_FAILED);
    return static_cast<volatile char*>(memory);
  };
  auto* memory = map();
  memory[kSize - 1] = 'z';
  memory[kSize / 2] = 'm';
  const pid_t child = fork();
  if (child == 0) {
    auto* again = map();
    OBSERVE(again[kSize - 1] == 'z');
    again[kSize / 2] = again[kSize / 2] + 1;
    again[kSize / 4] = 'q';
    _exit(0);
  }
  OBSERVE(waitpid(child, nullptr, 0) == child);
  std::printf("%c%c%c\n", memory[kSize / 4], memory[kSize / 2], memory[kSize - 1]);
}
