// Files with holes: SEEK_DATA and SEEK_HOLE, fallocate in its forms, truncate both ways, reads
// behind the end, offsets beyond 4 GB.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "temporary.h"

namespace {
void show(const char* what, long result) {
  std::printf("%s: %s\n", what,
              result < 0 ? strerrorname_np(errno) : std::to_string(result).c_str());
}
}  // namespace

int main() {
  Temporary file;
  const int fd = file.fd();
  file.write("begin");
  file.write("end", off_t(5) << 30);
  show("size", lseek(fd, 0, SEEK_END));
  show("data", lseek(fd, 1 << 20, SEEK_DATA) > 0);
  show("hole", lseek(fd, 0, SEEK_HOLE) > 0);
  show("behind the end", lseek(fd, off_t(6) << 30, SEEK_DATA));
  char text[16] = {};
  show("read of the hole", pread(fd, text, 8, 1 << 20));
  std::printf("%d\n", text[3]);
  show("read behind the end", pread(fd, text, 8, off_t(6) << 30));
  OBSERVE(ftruncate(fd, 100'000) == 0);
  show("allocate", fallocate(fd, 0, 0, 200'000));
  show("keep size", fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 400'000));
  show("punch", fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 3));
  show("zero", fallocate(fd, FALLOC_FL_ZERO_RANGE, 4, 4) >= 0 || errno == EOPNOTSUPP);
  show("pread", pread(fd, text, 8, 0));
  std::printf("%d %c\n", text[0], text[3]);
  show("size", lseek(fd, 0, SEEK_END));
  OBSERVE(truncate(file.path(), 4) == 0 && truncate(file.path(), 8) == 0);
  show("pread", pread(fd, text, 16, 0));
  std::printf("%c %d\n", text[3], text[5]);
  show("negative", ftruncate(fd, -1));
  show("pwrite at a negative place", pwrite(fd, "x", 1, -5));
}
