// Files that the agent writes, and what changes that: a mapping, a limit, standard output in the
// file's place, a file that is more than its contents.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "observe.h"

namespace {

constexpr int kTurns = 200;

int written_file(const char* path) {
  const int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
  OBSERVE(fd >= 0);
  for (int i = 0; i < kTurns; ++i) OBSERVE(write(fd, "line\n", 5) == 5);
  char text[6] = {};
  OBSERVE(pread(fd, text, 5, 5 * (kTurns - 1)) == 5 && std::strcmp(text, "line\n") == 0);
  return fd;
}

void tree() {
  for (int i = 0; i < kTurns; ++i) {
    OBSERVE(mkdir("directory", 0700) == 0 && rename("directory", "other") == 0);
    struct statx info {};
    OBSERVE(statx(AT_FDCWD, "other", 0, STATX_MODE, &info) == 0 && S_ISDIR(info.stx_mode));
    OBSERVE(rmdir("other") == 0 && unlink("other") == -1 && errno == ENOENT);
    rusage used{};
    tms spent{};
    OBSERVE(getrusage(RUSAGE_SELF, &used) == 0 && times(&spent) != -1);
    OBSERVE(getpgid(0) == getpgrp());
  }
}

/// Pages of a private mapping that were not written show what is written to the file.
void mapped_later() {
  const int fd = written_file("file");
  const auto* shown = static_cast<const char*>(mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, fd, 0));
  OBSERVE(shown != MAP_FAILED && shown[0] == 'l');
  for (int i = 0; i < 3; ++i) {
    const char letter = char('a' + i);
    OBSERVE(pwrite(fd, &letter, 1, 0) == 1 && shown[0] == letter);
    OBSERVE(lseek(fd, 1, SEEK_SET) == 1 && write(fd, &letter, 1) == 1 && shown[1] == letter);
    std::printf("%.4s\n", shown);
  }
  OBSERVE(munmap(const_cast<char*>(shown), 4096) == 0 && close(fd) == 0);
}

/// Another process maps what this one has written, and sees what it writes then.
void mapped_by_a_child() {
  const int fd = written_file("file");
  int ready[2], done[2];
  OBSERVE(pipe(ready) == 0 && pipe(done) == 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto* shown = static_cast<const char*>(mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd, 0));
    char byte = 0;
    if (shown == MAP_FAILED || write(ready[1], "x", 1) != 1 || read(done[0], &byte, 1) != 1)
      _exit(1);
    std::printf("child: %.4s\n", shown);
    std::fflush(stdout);
    _exit(shown[0] == 'L' ? 0 : 1);
  }
  char byte = 0;
  OBSERVE(read(ready[0], &byte, 1) == 1);
  OBSERVE(pwrite(fd, "L", 1, 0) == 1 && write(done[1], "x", 1) == 1);
  int status = 0;
  OBSERVE(waitpid(child, &status, 0) == child && status == 0);
  for (const int one : {fd, ready[0], ready[1], done[0], done[1]}) OBSERVE(close(one) == 0);
}

volatile sig_atomic_t too_large = 0;

/// The handler has run when the write that was too large returns.
void limited() {
  const int fd = written_file("file");
  struct sigaction action {};
  action.sa_handler = [](int) { too_large = too_large + 1; };
  OBSERVE(sigaction(SIGXFSZ, &action, nullptr) == 0);
  rlimit limit{};
  OBSERVE(getrlimit(RLIMIT_FSIZE, &limit) == 0);
  const rlim_t former = limit.rlim_cur;
  limit.rlim_cur = 5 * kTurns;
  OBSERVE(setrlimit(RLIMIT_FSIZE, &limit) == 0);
  for (int i = 1; i <= 3; ++i) OBSERVE(write(fd, "x", 1) == -1 && errno == EFBIG && too_large == i);
  limit.rlim_cur = former;
  OBSERVE(setrlimit(RLIMIT_FSIZE, &limit) == 0);
  OBSERVE(write(fd, "x", 1) == 1 && close(fd) == 0);
}

void replaced_by_output() {
  const int fd = written_file("file");
  OBSERVE(dup2(1, fd) == fd);
  for (int i = 0; i < 3; ++i) OBSERVE(write(fd, "seen\n", 5) == 5);
  OBSERVE(close(fd) == 0);
}

/// A regular file, as far as its mode tells.
void memory_file() {
  const int fd = open("/proc/self/mem", O_RDWR);
  OBSERVE(fd >= 0);
  static volatile int target = 0;
  for (int i = 1; i <= 4; ++i) {
    OBSERVE(lseek(fd, off_t(&target), SEEK_SET) == off_t(&target));
    OBSERVE(write(fd, &i, sizeof i) == sizeof i && target == i);
    std::printf("%d\n", target);
  }
  OBSERVE(close(fd) == 0);
}

}  // namespace

int main() {
  setvbuf(stdout, nullptr, _IONBF, 0);
  tree();
  mapped_later();
  mapped_by_a_child();
  limited();
  replaced_by_output();
  memory_file();
  OBSERVE(unlink("file") == 0);
  return 0;
}
