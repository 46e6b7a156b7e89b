// readv, writev, preadv, pwritev, pread and pwrite, short and past the end of the file.
#include <sys/uio.h>

#include "temporary.h"

int main() {
  Temporary file;
  char one[] = "first ", two[] = "second ", three[] = "third";
  iovec out[] = {{one, 6}, {two, 7}, {three, 5}};
  OBSERVE(writev(file.fd(), out, 3) == 18);
  OBSERVE(lseek(file.fd(), 0, SEEK_SET) == 0);
  char a[4] = {}, b[8] = {}, c[100] = {};
  iovec in[] = {{a, 3}, {b, 0}, {b, 7}, {c, 90}};
  OBSERVE(readv(file.fd(), in, 4) == 18);
  OBSERVE(std::strcmp(a, "fir") == 0 && std::strcmp(b, "st seco") == 0);
  std::printf("%s|%s|%s\n", a, b, c);
  OBSERVE(readv(file.fd(), in, 4) == 0);
  OBSERVE(preadv(file.fd(), in, 1, 6) == 3 && std::strcmp(a, "sec") == 0);
  OBSERVE(pwritev(file.fd(), out, 2, 30) == 13);
  OBSERVE(pread(file.fd(), c, sizeof c, 16) == 27);
  OBSERVE(c[0] == 'r' && c[2] == 0 && c[14] == 'f');
  OBSERVE(pread(file.fd(), c, sizeof c, 1000) == 0);
  OBSERVE(pwrite(file.fd(), "x", 1, -1) == -1 && errno == EINVAL);
  std::puts("done");
}
