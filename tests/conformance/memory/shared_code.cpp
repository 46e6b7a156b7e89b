// One memfd mapped twice, to write code and to run it, as compilers at run time do; a child runs
// what its parent wrote.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "observe.h"

int main() {
  const int fd = memfd_create("code", 0);
  OBSERVE(fd >= 0 && ftruncate(fd, 4096) == 0);
  void* runs = mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
  void* writes = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  OBSERVE(runs != MAP_FAILED && writes != MAP_FAILED);
  auto* code = static_cast<unsigned char*>(writes);
  const unsigned char function[] = {0xb8, 1, 0, 0, 0, 0xc3};  // mov $1, %eax; ret
  std::memcpy(code, function, sizeof function);
  const auto run = [&] { return reinterpret_cast<int (*)()>(runs)(); };
  OBSERVE(run() == 1);
  code[1] = 2;
  const pid_t child = fork();
  if (child == 0) {
    const int result = run();
    code[1] = 3;
    _exit(result);
  }
  int status = 0;
  OBSERVE(waitpid(child, &status, 0) == child);
  std::printf("%d %d\n", WEXITSTATUS(status), run());
  OBSERVE(mprotect(writes, 4096, PROT_READ | PROT_EXEC) == 0);
  std::printf("%d\n", reinterpret_cast<int (*)()>(writes)());
  // Privately mapped it shows what is stored elsewhere, for nobody stores here.
  void* again = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  void* copy = mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
  OBSERVE(again != MAP_FAILED && copy != MAP_FAILED);
  static_cast<unsigned char*>(again)[1] = 4;
  std::printf("%d\n", reinterpret_cast<int (*)()>(copy)());
}
