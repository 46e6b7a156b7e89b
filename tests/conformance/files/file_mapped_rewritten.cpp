// A file is read by calls, by stdio and by a mapping at once, while another process rewrites it in
// place and by rename.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "temporary.h"

int main() {
  Temporary file;
  file.write(std::string(8192, 'a'));
  auto* shown = static_cast<const char*>(mmap(nullptr, 8192, PROT_READ, MAP_SHARED, file.fd(), 0));
  OBSERVE(shown != MAP_FAILED);
  FILE* stream = fopen(file.path(), "r");
  OBSERVE(stream != nullptr);
  std::printf("%c %c\n", shown[0], fgetc(stream));
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    OBSERVE(pwrite(file.fd(), "bbbb", 4, 0) == 4);
    const std::string next = std::string(file.path()) + ".next";
    const int fd = open(next.c_str(), O_CREAT | O_WRONLY, 0600);
    OBSERVE(write(fd, "cccc", 4) == 4 && rename(next.c_str(), file.path()) == 0);
    _exit(0);
  }
  OBSERVE(waitpid(child, nullptr, 0) == child);
  char byte = 0;
  OBSERVE(pread(file.fd(), &byte, 1, 0) == 1);
  const int fresh = open(file.path(), O_RDONLY);
  char other = 0;
  OBSERVE(read(fresh, &other, 1) == 1);
  std::printf("%c %c %c\n", shown[0], byte, other);
  fclose(stream);
}
