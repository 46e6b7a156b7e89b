// open's flags: O_APPEND, O_EXCL, O_TRUNC, O_TMPFILE with a link afterwards, O_PATH, O_DIRECTORY,
// O_NOFOLLOW, O_NOATIME, O_DIRECT; and preadv2 and pwritev2 with theirs.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "temporary.h"

namespace {
void show(const char* what, long result) {
  std::printf("%s: %ld%s%s\n", what, result < 0 ? -1 : result, result < 0 ? " " : "",
              result < 0 ? strerrorname_np(errno) : "");
}
}  // namespace

int main() {
  Temporary file;
  file.write("0123456789");
  const std::string path = file.path(), other = path + ".other";
  const int append = open(file.path(), O_RDWR | O_APPEND);
  show("pwrite at 0 with O_APPEND", pwrite(append, "ab", 2, 0));
  show("write", write(append, "cd", 2));
  show("position", lseek(append, 0, SEEK_CUR));
  char text[32] = {};
  show("pread", pread(append, text, sizeof text - 1, 0));
  std::printf("%s\n", text);
  iovec vector = {text, 4};
  show("preadv2 at the position", preadv2(append, &vector, 1, -1, 0));
  show("preadv2 RWF_NOWAIT", preadv2(append, &vector, 1, 2, RWF_NOWAIT) > 0);
  show("preadv2 unknown flag", preadv2(append, &vector, 1, 2, 0x4000));
  vector.iov_len = 2;
  show("pwritev2 RWF_APPEND", pwritev2(file.fd(), &vector, 1, 0, RWF_APPEND));
  show("pwritev2 RWF_DSYNC", pwritev2(file.fd(), &vector, 1, 0, RWF_DSYNC));
  struct stat info {};
  OBSERVE(fstat(file.fd(), &info) == 0);
  std::printf("size %ld\n", long(info.st_size));

  show("O_EXCL", open(file.path(), O_RDWR | O_CREAT | O_EXCL, 0600));
  show("O_DIRECTORY", open(file.path(), O_RDONLY | O_DIRECTORY));
  OBSERVE(symlink(file.path(), other.c_str()) == 0);
  show("O_NOFOLLOW", open(other.c_str(), O_RDONLY | O_NOFOLLOW));
  const int place = open(other.c_str(), O_PATH | O_NOFOLLOW);
  char target[256] = {};
  OBSERVE(readlinkat(place, "", target, sizeof target) == ssize_t(path.size()));
  show("read of O_PATH", read(place, text, 1));
  OBSERVE(unlink(other.c_str()) == 0);
  const std::string directory = path.substr(0, path.rfind('/'));
  const int unnamed = open(directory.c_str(), O_TMPFILE | O_RDWR, 0600);
  if (unnamed >= 0) {
    OBSERVE(write(unnamed, "unnamed", 7) == 7);
    const std::string link = "/proc/self/fd/" + std::to_string(unnamed);
    show("linkat", linkat(AT_FDCWD, link.c_str(), AT_FDCWD, other.c_str(), AT_SYMLINK_FOLLOW));
    OBSERVE(fstat(unnamed, &info) == 0);
    std::printf("links %lu\n", static_cast<unsigned long>(info.st_nlink));
    unlink(other.c_str());
  }
  const int truncated = open(file.path(), O_RDWR | O_TRUNC | O_NOATIME | O_DSYNC);
  OBSERVE(truncated >= 0 && fstat(truncated, &info) == 0 && info.st_size == 0);
  OBSERVE(fcntl(truncated, F_SETFL, O_APPEND) == 0);
  std::printf("flags %x\n", unsigned(fcntl(truncated, F_GETFL)) & O_APPEND);
}
