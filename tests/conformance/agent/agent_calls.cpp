// Calls that the agent makes inside the process, again and again, so that its records fill up: with
// results that must be right and registers as the kernel leaves them.
#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "observe.h"

namespace {

// What a program may see after a system call: rcx is the next instruction, r11 the flags.
void registers_after() {
  for (int i = 0; i < 3; ++i) {
    unsigned long result = SYS_getppid;
    unsigned long rcx = 0, r11 = 0, next = 0, flags = 0;
    asm volatile(
        "stc\n"
        "mov $110, %%eax\n"
        "syscall\n"
        "1: mov %%rcx, %1\n"
        "mov %%r11, %2\n"
        "pushfq\n"
        "pop %4\n"
        "lea 1b(%%rip), %3\n"
        : "=&a"(result), "=&r"(rcx), "=&r"(r11), "=&r"(next), "=&r"(flags)
        :
        : "rcx", "r11", "memory", "cc");
    OBSERVE(result == (unsigned long)getppid());
    OBSERVE(rcx == next);
    OBSERVE((flags & 1) == 1 && (r11 & ~0x10000ul) == (flags & ~0x10000ul));
  }
}

void file(const char* path) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  OBSERVE(fd >= 0);
  char text[16] = {};
  OBSERVE(read(fd, text, sizeof text) == 6 && std::memcmp(text, "Hello\n", 6) == 0);
  OBSERVE(read(fd, text, sizeof text) == 0);
  OBSERVE(lseek(fd, 1, SEEK_SET) == 1);
  OBSERVE(lseek(fd, 1, SEEK_SET) == 1);
  OBSERVE(read(fd, text, 2) == 2 && text[0] == 'e' && text[2] == 'l');
  OBSERVE(pread(fd, text, 1, 4) == 1 && text[0] == 'o');
  struct stat info {};
  OBSERVE(fstat(fd, &info) == 0 && info.st_size == 6);
  OBSERVE(fcntl(fd, F_GETFD) == FD_CLOEXEC);
  OBSERVE(syscall(SYS_read, fd, 8, 4) == -1 && errno == EFAULT);
  OBSERVE(close(fd) == 0);
  OBSERVE(close(fd) == -1 && errno == EBADF);
  OBSERVE(read(fd, text, 1) == -1 && errno == EBADF);
}

}  // namespace

int main() {
  char directory[] = "agent-XXXXXX";
  OBSERVE(mkdtemp(directory) == directory);
  const std::string path = std::string(directory) + "/file";
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT, 0600);
  OBSERVE(write(fd, "Hello\n", 6) == 6 && close(fd) == 0);
  registers_after();
  unsigned long sum = 0;
  for (int i = 0; i < 500; ++i) {
    file(path.c_str());
    struct stat info {};
    OBSERVE(stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode));
    sum += info.st_ino;
    OBSERVE(open("/nowhere/at/all", O_RDONLY) == -1 && errno == ENOENT);
    OBSERVE(access(path.c_str(), R_OK) == 0);
    timespec now{};
    OBSERVE(clock_gettime(CLOCK_REALTIME, &now) == 0);
    sum += (unsigned long)now.tv_nsec;
    unsigned long random = 0;
    OBSERVE(getrandom(&random, sizeof random, 0) == sizeof random);
    sum += random;
    utsname name{};
    OBSERVE(uname(&name) == 0 && std::string(name.sysname) == "Linux");
    char target[64];
    sum += (unsigned long)readlink("/proc/self/exe", target, sizeof target);
  }
  DIR* const listing = opendir(directory);
  OBSERVE(listing != nullptr);
  int entries = 0;
  while (readdir(listing) != nullptr) ++entries;
  OBSERVE(closedir(listing) == 0 && entries == 3);
  const int null = open("/dev/null", O_RDWR);
  // Of memory that nobody may read, too: before it is known what that is, and after.
  void* const nowhere = mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  OBSERVE(nowhere != MAP_FAILED);
  for (int i = 0; i < 3; ++i) OBSERVE(write(null, nowhere, 10) == 10);
  for (int i = 0; i < 3000; ++i) OBSERVE(write(null, &i, 1 + i % 4) == 1 + i % 4);
  for (int i = 0; i < 3; ++i) OBSERVE(write(null, nowhere, 10) == 10);
  OBSERVE(unlink(path.c_str()) == 0 && rmdir(directory) == 0);
  std::printf("%lx\n", sum);
  return 0;
}
