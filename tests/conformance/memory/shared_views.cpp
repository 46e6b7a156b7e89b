// A child that only reads, in two mappings of its own, sees what the parent writes by calls and
// stores; a private mapping shows the same until it is written.
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "temporary.h"

int main() {
  Temporary file;
  file.write(std::string(4096, 'a'));
  const int reading = open(file.path(), O_RDONLY);
  OBSERVE(reading >= 0);
  const pid_t child = fork();
  if (child == 0) {
    auto* shown =
        static_cast<volatile char*>(mmap(nullptr, 4096, PROT_READ, MAP_SHARED, reading, 0));
    OBSERVE(shown != MAP_FAILED);
    // The kernel may not write there either.
    OBSERVE(pread(reading, const_cast<char*>(shown), 8, 0) == -1 && errno == EFAULT);
    while (shown[0] == 'a') sched_yield();
    auto* again =
        static_cast<volatile char*>(mmap(nullptr, 4096, PROT_READ, MAP_SHARED, reading, 0));
    auto* copy = static_cast<volatile char*>(
        mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, reading, 0));
    OBSERVE(again != MAP_FAILED && copy != MAP_FAILED);
    OBSERVE(mprotect(const_cast<char*>(shown), 4096, PROT_WRITE) == -1 && errno == EACCES);
    while (again[1] == 'a') sched_yield();
    OBSERVE(copy[1] == again[1]);
    copy[2] = 'p';
    while (again[3] == 'a') sched_yield();
    std::printf("%.4s %.4s\n", const_cast<char*>(again), const_cast<char*>(copy));
    std::fflush(stdout);
    _exit(copy[3] == 'a' && shown[2] == 'a' ? 0 : 1);
  }
  file.write("b");
  auto* text =
      static_cast<char*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file.fd(), 0));
  OBSERVE(text != MAP_FAILED);
  sched_yield();
  text[1] = 'c';
  for (int i = 0; i < 20; ++i) sched_yield();
  text[3] = 'd';
  int status = 0;
  OBSERVE(waitpid(child, &status, 0) == child);
  std::printf("status %d: %.4s\n", status, text);
}
