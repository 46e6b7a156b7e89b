// The file outlives an exec: the new program maps it again, from a descriptor that it inherits.
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <atomic>
#include <string>

#include "temporary.h"

namespace {
std::atomic<int>* map(int fd) {
  void* memory = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  OBSERVE(memory != MAP_FAILED);
  return static_cast<std::atomic<int>*>(memory);
}

int second_program(int fd) {
  auto* cell = map(fd);
  OBSERVE(cell->load() == 1);
  cell->store(2);
  while (cell->load() != 3) sched_yield();
  cell->store(4);
  return 5;
}
}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) return second_program(std::stoi(argv[1]));
  Temporary file;
  OBSERVE(ftruncate(file.fd(), 4096) == 0);
  auto* cell = map(file.fd());
  const pid_t child = fork();
  if (child == 0) {
    cell->store(1);
    const std::string fd = std::to_string(dup(file.fd()));
    execl("/proc/self/exe", "second", fd.c_str(), nullptr);
    _exit(1);
  }
  while (cell->load() != 2) sched_yield();
  cell->store(3);
  int status = 0;
  OBSERVE(waitpid(child, &status, 0) == child);
  std::printf("%d, status %d\n", cell->load(), WEXITSTATUS(status));
  OBSERVE(cell->load() == 4);
}
