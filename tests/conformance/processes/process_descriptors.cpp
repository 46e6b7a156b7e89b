// What exec and fork do with descriptors: close-on-exec in every way, close_range, a shared
// position, and a program that closes everything it did not open.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "temporary.h"

int main(int argc, char** argv) {
  if (argc > 1) {
    for (int fd = 10; fd < 20; ++fd) {
      if (fcntl(fd, F_GETFD) >= 0) std::printf(" %d", fd);
    }
    std::printf(" are open\n");
    return 0;
  }
  for (int fd = 3; fd < 64; ++fd) close(fd);
  Temporary file;
  file.write("0123456789");
  const int kept = dup2(file.fd(), 10);
  OBSERVE(kept == 10 && dup3(kept, 11, O_CLOEXEC) == 11);
  OBSERVE(fcntl(kept, F_DUPFD, 12) == 12 && fcntl(kept, F_DUPFD_CLOEXEC, 12) == 13);
  OBSERVE(fcntl(kept, F_DUPFD, 14) == 14 && fcntl(14, F_SETFD, FD_CLOEXEC) == 0);
  OBSERVE(fcntl(kept, F_DUPFD, 15) == 15);
  OBSERVE(syscall(SYS_close_range, 15, 15, 4 /* CLOSE_RANGE_CLOEXEC */) == 0);
  OBSERVE(fcntl(kept, F_DUPFD, 16) == 16);

  pid_t child = fork();
  if (child == 0) {
    char text[4] = {};
    OBSERVE(read(10, text, 3) == 3);
    std::printf("the child reads %s\n", text);
    std::fflush(stdout);
    execl("/proc/self/exe", argv[0], "again", nullptr);
    _exit(1);
  }
  int status = 0;
  OBSERVE(waitpid(child, &status, 0) == child && status == 0);
  std::printf("position %ld\n", long(lseek(16, 0, SEEK_CUR)));

  child = fork();
  if (child == 0) {
    OBSERVE(syscall(SYS_close_range, 3, ~0u, 0) == 0);
    OBSERVE(open("/dev/null", O_RDONLY) == 3);
    std::printf("all are closed\n");
    std::fflush(stdout);
    for (int fd = 3; fd < 4096; ++fd) close(fd);
    OBSERVE(open("/proc/self/maps", O_RDONLY) == 3);
    _exit(0);
  }
  OBSERVE(waitpid(child, &status, 0) == child && status == 0);
}
