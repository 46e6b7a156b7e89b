// A file is unmapped by all, changed by calls and by an unmapped descriptor's stores, and mapped
// again; then it is executed and loaded as data of a new program.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "temporary.h"

namespace {
char* map(int fd, std::size_t size) {
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  OBSERVE(memory != MAP_FAILED);
  return static_cast<char*>(memory);
}
}  // namespace

int main() {
  constexpr std::size_t kSize = 1 << 16;
  Temporary file;
  OBSERVE(ftruncate(file.fd(), kSize) == 0);
  char* text = map(file.fd(), kSize);
  std::strcpy(text, "one");
  OBSERVE(munmap(text, kSize) == 0);
  file.write("ONE");
  text = map(file.fd(), kSize);
  std::printf("%s\n", text);
  std::strcpy(text, "#!/bin/sh\necho as a script\n");
  OBSERVE(munmap(text, kSize) == 0 && ftruncate(file.fd(), 27) == 0);
  OBSERVE(fchmod(file.fd(), 0700) == 0);
  std::fflush(stdout);
  const int reading = open(file.path(), O_RDONLY);
  const std::string path = file.path();
  const pid_t child = fork();
  if (child == 0) {
    // The kernel executes nothing that somebody has open for writing.
    close(file.fd());
    close(0);
    OBSERVE(dup2(reading, 0) == 0);
    execl("/bin/sh", "sh", path.c_str(), nullptr);
    _exit(1);
  }
  int status = 0;
  OBSERVE(waitpid(child, &status, 0) == child);
  std::printf("status %d\n", status);
}
