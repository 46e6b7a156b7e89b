// A mapped file is modified, synchronised and read back; changed by every call that writes, and
// seen in the mapping.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#include "temporary.h"

int main() {
  Temporary file;
  Temporary other;
  file.write(std::string(8192, '.'));
  other.write("0123456789");
  const int fd = file.fd();
  auto* text =
      static_cast<char*>(mmap(nullptr, 4 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  OBSERVE(text != MAP_FAILED);
  std::memcpy(text, "stored", 6);
  OBSERVE(msync(text, 4096, MS_SYNC) == 0);
  char back[16] = {};
  OBSERVE(pread(fd, back, 6, 0) == 6 && std::strcmp(back, "stored") == 0);
  const auto at = [&](off_t offset) { OBSERVE(lseek(fd, offset, SEEK_SET) == offset); };

  OBSERVE(pwrite(fd, "pwrite", 6, 4090) == 6);
  at(100);
  OBSERVE(write(fd, "write", 5) == 5);
  char more[] = "more";
  const iovec parts[] = {{more, 2}, {more + 2, 2}};
  OBSERVE(writev(fd, parts, 2) == 4);
  OBSERVE(pwritev(fd, parts, 2, 200) == 4);
  OBSERVE(pwritev2(fd, parts, 2, -1, 0) == 4);  // behind the writev
  OBSERVE(lseek(other.fd(), 0, SEEK_SET) == 0);
  OBSERVE(sendfile(fd, other.fd(), nullptr, 4) == 4);
  loff_t from = 2;
  loff_t to = 300;
  OBSERVE(copy_file_range(other.fd(), &from, fd, &to, 5, 0) == 5 && to == 305);
  int ends[2];
  OBSERVE(pipe(ends) == 0 && write(ends[1], "spliced", 7) == 7);
  to = 400;
  OBSERVE(splice(ends[0], nullptr, fd, &to, 7, 0) == 7);
  std::printf("%.6s %.6s %.17s %.4s %.5s %.7s\n", text, text + 4090, text + 100, text + 200,
              text + 300, text + 400);

  const int appending = open(file.path(), O_WRONLY | O_APPEND);
  OBSERVE(appending >= 0);
  OBSERVE(write(appending, "appended", 8) == 8);
  OBSERVE(pwrite(appending, "too", 3, 0) == 3);  // behind the end, as ever on Linux
  std::printf("%.11s|%s\n", text + 8192, text[8203] == 0 ? "zero" : "?");
  OBSERVE(text[0] == 's');
  OBSERVE(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4092, 8) == 0);
  std::printf("%.2s|%d|%d|%c\n", text + 4090, text[4092], text[4099], text[4100]);
  OBSERVE(fallocate(fd, 0, 0, 3 * 4096) == 0 && text[3 * 4096 - 1] == 0);
  text[3 * 4096 - 1] = 'e';
  OBSERVE(ftruncate(fd, 50) == 0 && text[49] == '.' && text[50] == 0);
  OBSERVE(ftruncate(fd, 200) == 0 && text[101] == 0);
  OBSERVE(open(file.path(), O_WRONLY | O_TRUNC | O_CLOEXEC) >= 0);
  OBSERVE(truncate(file.path(), 4096) == 0);
  std::printf("%d\n", text[0]);
  std::strcpy(text, "last");
  OBSERVE(pread(fd, back, 5, 0) == 5);
  std::puts(back);
}
