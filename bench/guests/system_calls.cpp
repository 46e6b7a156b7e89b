#include <fcntl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "workload.h"

namespace {

void check(bool good, const char* what) {
  if (good) return;
  std::perror(what);
  std::exit(1);
}

}  // namespace

unsigned long getppid_loop(long count) {
  unsigned long sum = 0;
  for (long i = 0; i < count; ++i) sum += getppid() != 0;
  return sum;
}

unsigned long clock_loop(long count) {
  unsigned long sum = 0;
  timespec now{};
  for (long i = 0; i < count; ++i) sum += clock_gettime(CLOCK_MONOTONIC, &now) == 0;
  return sum;
}

unsigned long write_null(long count) {
  const int file = open("/dev/null", O_WRONLY | O_CLOEXEC);
  check(file >= 0, "open /dev/null");
  unsigned long sum = 0;
  for (long i = 0; i < count; ++i) sum += write(file, "x", 1) == 1;
  close(file);
  return sum;
}

unsigned long open_read_close(long count) {
  // A small regular file that every machine has.
  constexpr const char* kFile = "/etc/passwd";
  unsigned long sum = 0;
  char text[64];
  for (long i = 0; i < count; ++i) {
    const int file = open(kFile, O_RDONLY | O_CLOEXEC);
    check(file >= 0, kFile);
    sum += read(file, text, sizeof text) > 0;
    close(file);
  }
  return sum;
}

unsigned long fork_and_wait(long count) {
  unsigned long sum = 0;
  for (long i = 0; i < count; ++i) {
    const pid_t child = fork();
    check(child >= 0, "fork");
    if (child == 0) _exit(7);
    int status = 0;
    check(waitpid(child, &status, 0) == child, "waitpid");
    sum += WEXITSTATUS(status) == 7;
  }
  return sum;
}
