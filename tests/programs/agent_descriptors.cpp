// What the agent knows of descriptors must end when they are closed or replaced, whoever does it.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <initializer_list>

#include "observe.h"

namespace {

constexpr const char* kFile = "/etc/passwd";

int known_file() {
  const int fd = open(kFile, O_RDONLY);
  OBSERVE(fd >= 0);
  char byte = 0;
  OBSERVE(read(fd, &byte, 1) == 1 && read(fd, &byte, 1) == 1);
  return fd;
}

/// A pipe in the place of a file: reading it waits for the child.
void replaced_by_pipe() {
  const int fd = known_file();
  int ends[2];
  OBSERVE(pipe(ends) == 0);
  OBSERVE(dup2(ends[0], fd) == fd);
  const pid_t child = fork();
  if (child == 0) {
    usleep(1000);
    _exit(write(ends[1], "from the child", 14) == 14 ? 0 : 1);
  }
  char text[32] = {};
  OBSERVE(read(fd, text, sizeof text) == 14 && std::strcmp(text, "from the child") == 0);
  int status = 0;
  OBSERVE(waitpid(child, &status, 0) == child && status == 0);
  for (const int one : {fd, ends[0], ends[1]}) OBSERVE(close(one) == 0);
}

/// Standard output in the place of /dev/null: what is written there must be seen.
void replaced_by_output() {
  const int fd = open("/dev/null", O_WRONLY);
  OBSERVE(fd >= 0);
  for (int i = 0; i < 5; ++i) OBSERVE(write(fd, "unseen\n", 7) == 7);
  OBSERVE(dup2(1, fd) == fd);
  OBSERVE(write(fd, "seen\n", 5) == 5);
  OBSERVE(close(fd) == 0);
  const int again = dup(1);
  OBSERVE(again == fd && write(again, "seen too\n", 9) == 9);
  OBSERVE(close_range((unsigned)again, (unsigned)again, 0) == 0);
  const int null = open("/dev/null", O_WRONLY);
  OBSERVE(null == again && write(null, "unseen\n", 7) == 7 && write(null, "unseen\n", 7) == 7);
  OBSERVE(close(null) == 0);
}

/// A child that shares memory, but not descriptors, closes its own.
void closed_in_vfork() {
  const int fd = known_file();
  const pid_t child = vfork();
  if (child == 0) {
    close(fd);
    const int other = open("/dev/null", O_RDONLY);
    _exit(other == fd ? 0 : 1);
  }
  int status = 0;
  OBSERVE(waitpid(child, &status, 0) == child && status == 0);
  char byte = 0;
  OBSERVE(read(fd, &byte, 1) == 1);
  OBSERVE(close(fd) == 0);
}

/// FIFOs look like files until one opens them.
void opened_fifo(const char* path) {
  unlink(path);
  OBSERVE(mkfifo(path, 0600) == 0);
  const pid_t child = fork();
  if (child == 0) {
    const int to = open(path, O_WRONLY);
    _exit(to >= 0 && write(to, "x", 1) == 1 ? 0 : 1);
  }
  const int from = open(path, O_RDONLY);
  char byte = 0;
  OBSERVE(from >= 0 && read(from, &byte, 1) == 1 && byte == 'x');
  int status = 0;
  OBSERVE(waitpid(child, &status, 0) == child && status == 0);
  OBSERVE(close(from) == 0 && unlink(path) == 0);
}

}  // namespace

int main() {
  for (int i = 0; i < 3; ++i) {
    replaced_by_pipe();
    replaced_by_output();
    closed_in_vfork();
    opened_fifo("fifo");
  }
  return 0;
}
