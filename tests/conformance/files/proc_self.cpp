// What a program reads about itself: /proc/self/maps, exe, status, cmdline and auxv.
#include <fcntl.h>
#include <limits.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <string>

#include "observe.h"

int main() {
  char exe[PATH_MAX] = {};
  OBSERVE(readlink("/proc/self/exe", exe, sizeof exe - 1) > 0);
  std::printf("%s\n", exe);
  std::fflush(stdout);
  std::ifstream maps("/proc/self/maps");
  bool found = false;
  for (std::string line; std::getline(maps, line);) {
    found = found || line.find(exe) != std::string::npos;
    std::cout << line << '\n';
  }
  std::cout.flush();
  OBSERVE(found);
  int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  char magic[4] = {};
  OBSERVE(fd >= 0 && read(fd, magic, 4) == 4 && std::memcmp(magic, "\177ELF", 4) == 0);
  close(fd);
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) std::cout << line << '\n';
  std::cout << getauxval(AT_PAGESZ) << ' ' << getauxval(AT_HWCAP) << std::endl;
  OBSERVE(getauxval(AT_PAGESZ) == 4096);
}
