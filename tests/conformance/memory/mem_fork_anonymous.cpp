// Anonymous memory across fork: a private page is copied, a shared one is seen by both.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "observe.h"

static int* map_page(int flags) {
  void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
  OBSERVE(page != MAP_FAILED);
  return static_cast<int*>(page);
}

int main() {
  int* mine = map_page(MAP_PRIVATE);
  int* ours = map_page(MAP_SHARED);
  *mine = *ours = 1;
  pid_t child = fork();
  OBSERVE(child >= 0);
  if (child == 0) {
    *mine = 2;
    *ours = getpid();
    ours[1] = 3;
    _exit(4);
  }
  int status = 0;
  OBSERVE(waitpid(child, &status, 0) == child);
  OBSERVE(WIFEXITED(status) && WEXITSTATUS(status) == 4);
  OBSERVE(*mine == 1);
  OBSERVE(*ours == child && ours[1] == 3);
  std::printf("private %d shared %d %d\n", *mine, *ours, ours[1]);
}
