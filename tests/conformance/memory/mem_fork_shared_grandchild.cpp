// A shared page made by a child before it forks again; parent and grandchild talk through another.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "observe.h"

int main() {
  void* memory = mmap(nullptr, 3 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  OBSERVE(memory != MAP_FAILED);
  auto* volatile cell = static_cast<volatile int*>(memory);
  cell[2048] = 5;  // the third page
  if (fork() == 0) {
    auto* inner = static_cast<int*>(
        mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    if (fork() == 0) {
      inner[0] = cell[2048] + 1;
      cell[0] = 10;
      _exit(0);
    }
    wait(nullptr);
    munmap(memory, 4096);
    cell[1024] = inner[0] + 10;  // the second page, after the first one went
    _exit(0);
  }
  OBSERVE(wait(nullptr) > 0);
  std::printf("%d %d %d\n", cell[0], cell[1024], cell[2048]);
  OBSERVE(cell[0] == 10 && cell[1024] == 16 && cell[2048] == 5);
}
