// Every advice that madvise may get, on anonymous memory, on a file's and on memory that is shared:
// what it answers, and what the memory holds afterwards.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "temporary.h"

int main() {
  constexpr size_t kSize = 8 * 4096;
  Temporary file;
  file.write(std::string(kSize, 'f'));
  for (int advice = 0; advice < 30; ++advice) {
    if (advice == 8 || advice == 19) continue;  // MADV_FREE may or may not; DONTDUMP's twin
    void* places[] = {
        mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
        mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE, file.fd(), 0),
        mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)};
    std::printf("%d:", advice);
    for (void* place : places) {
      OBSERVE(place != MAP_FAILED);
      auto* bytes = static_cast<char*>(place);
      std::memset(bytes, 'x', kSize / 2);
      const int result = madvise(bytes, kSize, advice);
      std::printf(" %s", result == 0 ? "done" : strerrorname_np(errno));
      std::fflush(stdout);
      const pid_t child = fork();
      if (child == 0) _exit(bytes[0]);
      int status = 0;
      OBSERVE(waitpid(child, &status, 0) == child);
      const int seen = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
      std::printf("(%d, child %d)", bytes[0], seen);
      munmap(place, kSize);
    }
    std::printf("\n");
  }
}
