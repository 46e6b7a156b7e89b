// Modes, times, owners and extended attributes, by path, by descriptor and by link.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "temporary.h"

int main() {
  Temporary file;
  const std::string link = std::string(file.path()) + ".link";
  OBSERVE(symlink(file.path(), link.c_str()) == 0);
  OBSERVE(fchmod(file.fd(), 0640) == 0 && chmod(link.c_str(), 0604) == 0);
  struct stat info {};
  OBSERVE(stat(link.c_str(), &info) == 0);
  std::printf("mode %o\n", info.st_mode);
  OBSERVE(lstat(link.c_str(), &info) == 0 && S_ISLNK(info.st_mode));
  std::printf("link of %d bytes\n", info.st_size > 0);
  const timespec times[2] = {{1'000'000'000, 5}, {1'500'000'000, 7}};
  OBSERVE(futimens(file.fd(), times) == 0);
  OBSERVE(fstat(file.fd(), &info) == 0);
  std::printf("times %ld.%ld %ld.%ld\n", info.st_atim.tv_sec, info.st_atim.tv_nsec,
              info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
  const timespec one[2] = {{0, UTIME_OMIT}, {0, UTIME_NOW}};
  OBSERVE(utimensat(AT_FDCWD, file.path(), one, 0) == 0);
  const timeval old[2] = {{100, 5}, {200, 7}};
  OBSERVE(utimes(file.path(), old) == 0 && stat(file.path(), &info) == 0);
  std::printf("times %ld %ld\n", info.st_atim.tv_sec, info.st_mtim.tv_sec);
  std::printf("chown %d\n", fchown(file.fd(), getuid(), getgid()));
  std::printf("access %d %d\n", access(file.path(), R_OK | W_OK),
              faccessat(AT_FDCWD, "/nowhere", F_OK, AT_EACCESS));
  const int set = setxattr(file.path(), "user.colour", "blue", 4, XATTR_CREATE);
  if (set == 0) {
    char value[64] = {};
    OBSERVE(getxattr(link.c_str(), "user.colour", value, sizeof value) == 4);
    OBSERVE(getxattr(file.path(), "user.colour", value, 2) == -1 && errno == ERANGE);
    OBSERVE(fgetxattr(file.fd(), "user.colour", nullptr, 0) == 4);
    OBSERVE(setxattr(file.path(), "user.colour", "x", 1, XATTR_CREATE) == -1 && errno == EEXIST);
    std::printf("%s %zd\n", value, flistxattr(file.fd(), value, sizeof value));
    OBSERVE(removexattr(file.path(), "user.colour") == 0);
  }
  struct statfs system {};
  struct statvfs other {};
  OBSERVE(statfs(file.path(), &system) == 0 && fstatvfs(file.fd(), &other) == 0);
  std::printf("blocks of %ld, names of %ld\n", long(system.f_bsize), long(system.f_namelen));
  unlink(link.c_str());
}
