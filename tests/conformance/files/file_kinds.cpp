// Attributes, locks of open files, names that are exchanged, pipes that are spliced, terminals,
// sealed memory files, thousands of descriptors.
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>

#include "temporary.h"

namespace {

void attributes(const Temporary& file) {
  const int result = fsetxattr(file.fd(), "user.colour", "blue", 4, 0);
  std::printf("setxattr %d\n", result);  // not every file system has them
  char text[256];
  std::printf("getxattr %zd\n", getxattr(file.path(), "user.colour", text, sizeof text));
  std::printf("listxattr %zd\n", listxattr(file.path(), text, sizeof text));
  struct statx info {};
  OBSERVE(statx(AT_FDCWD, file.path(), 0, STATX_ALL, &info) == 0);
  std::printf("links %u size %llu\n", info.stx_nlink, info.stx_size);
}

void locks(const Temporary& file) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_len = 10;
  OBSERVE(fcntl(file.fd(), F_OFD_SETLK, &lock) == 0);
  const int other = open(file.path(), O_RDWR);
  lock.l_pid = 0;
  OBSERVE(fcntl(other, F_OFD_GETLK, &lock) == 0 && lock.l_type == F_WRLCK);
  std::printf("held by %d\n", lock.l_pid);
  close(other);
}

void moved_data(const Temporary& file, const Temporary& target) {
  loff_t from = 0;
  OBSERVE(copy_file_range(file.fd(), &from, target.fd(), nullptr, 6, 0) == 6 && from == 6);
  int one[2];
  int two[2];
  OBSERVE(pipe(one) == 0 && pipe(two) == 0);
  from = 2;
  OBSERVE(splice(file.fd(), &from, one[1], nullptr, 6, 0) == 6 && from == 8);
  OBSERVE(tee(one[0], two[1], 6, 0) == 6);
  char text[16] = {};
  OBSERVE(read(two[0], text, sizeof text) == 6);
  std::printf("%s\n", text);
  OBSERVE(splice(one[0], nullptr, target.fd(), nullptr, 6, 0) == 6);
  OBSERVE(pread(target.fd(), text, sizeof text, 0) == 12);
  std::printf("%.12s\n", text);
  for (const int fd : {one[0], one[1], two[0], two[1]}) close(fd);
}

void terminal() {
  int controller = -1;
  int device = -1;
  char name[64];
  OBSERVE(openpty(&controller, &device, name, nullptr, nullptr) == 0);
  std::printf("%s\n", name);
  winsize size{24, 80, 0, 0};
  OBSERVE(ioctl(controller, TIOCSWINSZ, &size) == 0);
  size = {};
  OBSERVE(ioctl(device, TIOCGWINSZ, &size) == 0 && size.ws_col == 80);
  termios mode{};
  OBSERVE(tcgetattr(device, &mode) == 0);
  cfmakeraw(&mode);
  OBSERVE(tcsetattr(device, TCSANOW, &mode) == 0);
  OBSERVE(write(controller, "typed", 5) == 5);
  pollfd input{device, POLLIN, 0};  // the kernel hands it over in its own time
  OBSERVE(poll(&input, 1, -1) == 1);
  int available = 0;
  OBSERVE(ioctl(device, FIONREAD, &available) == 0 && available == 5);
  char text[16];
  OBSERVE(read(device, text, sizeof text) == 5);
  close(controller);
  OBSERVE(read(device, text, sizeof text) == 0);  // hung up
  close(device);
}

void sealed() {
  const int file = memfd_create("sealed", MFD_ALLOW_SEALING);
  OBSERVE(file >= 0 && ftruncate(file, 4096) == 0 && write(file, "data", 4) == 4);
  OBSERVE(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE) == 0);
  OBSERVE(write(file, "x", 1) < 0 && errno == EPERM);
  const auto* text = static_cast<const char*>(mmap(nullptr, 4096, PROT_READ, MAP_SHARED, file, 0));
  std::printf("%s %x\n", text, unsigned(fcntl(file, F_GET_SEALS)));
}

void many_descriptors(const Temporary& file) {
  rlimit limit{};
  OBSERVE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 1500);
  OBSERVE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  int last = -1;
  int count = 0;
  for (int fd; (fd = dup(file.fd())) >= 0; ++count) last = fd;
  std::printf("%d descriptors, the last is %d, then: %s\n", count, last, std::strerror(errno));
  OBSERVE(syscall(SYS_close_range, 20, last, 0) == 0);
}

}  // namespace

int main() {
  Temporary file;
  const Temporary target;
  file.write("0123456789");
  attributes(file);
  locks(file);
  moved_data(file, target);
  OBSERVE(syscall(SYS_renameat2, AT_FDCWD, file.path(), AT_FDCWD, target.path(), 2) == 0);
  terminal();
  sealed();
  many_descriptors(file);
  return 0;
}
