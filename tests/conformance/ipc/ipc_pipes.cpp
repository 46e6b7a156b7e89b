// Pipes: packets (O_DIRECT), sizes, atomic writes of PIPE_BUF, many writers, EAGAIN, SIGPIPE, a
// FIFO opened by both sides in either order.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <initializer_list>

#include "temporary.h"

int main() {
  int packets[2];
  OBSERVE(pipe2(packets, O_DIRECT | O_CLOEXEC) == 0);
  OBSERVE(write(packets[1], "one", 3) == 3 && write(packets[1], "three", 5) == 5);
  char text[8192] = {};
  std::printf("packet of %zd", read(packets[0], text, 2));
  std::printf(", then %zd\n", read(packets[0], text, sizeof text));

  int ends[2];
  OBSERVE(pipe(ends) == 0);
  std::printf("size %d", fcntl(ends[1], F_GETPIPE_SZ));
  std::printf(" -> %d\n", fcntl(ends[1], F_SETPIPE_SZ, 8192));
  OBSERVE(fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0);
  ssize_t written = 0, n;
  while ((n = write(ends[1], text, 1000)) > 0) written += n;
  std::printf("full after %zd: %s\n", written, strerrorname_np(errno));
  int waiting = 0;
  OBSERVE(ioctl(ends[0], FIONREAD, &waiting) == 0 && waiting == written);
  while (written > 0) written -= read(ends[0], text, sizeof text);
  OBSERVE(fcntl(ends[1], F_SETFL, 0) == 0);
  std::fflush(stdout);
  for (int i = 0; i < 4; ++i) {
    if (fork() == 0) {
      char line[100];
      std::memset(line, 'a' + i, sizeof line);
      for (int k = 0; k < 30; ++k) OBSERVE(write(ends[1], line, sizeof line) == sizeof line);
      _exit(0);
    }
  }
  close(ends[1]);
  int whole = 0, lines = 0;
  for (char line[100]; read(ends[0], line, sizeof line) == sizeof line; ++lines) {
    whole += line[0] == line[99];
  }
  std::printf("%d lines, %d whole\n", lines, whole);
  while (wait(nullptr) > 0) {
  }

  Temporary file;
  const std::string fifo = std::string(file.path()) + ".fifo";
  OBSERVE(mkfifo(fifo.c_str(), 0600) == 0);
  std::fflush(stdout);
  for (const bool reads : {true, false}) {
    const pid_t child = fork();
    if (child == 0) {
      const int own = open(fifo.c_str(), reads ? O_WRONLY : O_RDONLY);
      char byte = 'f';
      OBSERVE(own >= 0 && (reads ? write(own, &byte, 1) : read(own, &byte, 1)) == 1);
      _exit(byte);
    }
    const int own = open(fifo.c_str(), reads ? O_RDONLY : O_WRONLY);
    char byte = 'g';
    OBSERVE(own >= 0 && (reads ? read(own, &byte, 1) : write(own, &byte, 1)) == 1);
    int status = 0;
    OBSERVE(waitpid(child, &status, 0) == child);
    std::printf("fifo: %c %c\n", byte, WEXITSTATUS(status));
    close(own);
  }
  unlink(fifo.c_str());
}
