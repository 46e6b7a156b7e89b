// Data that does not pass through the program: splice between file, pipe and socket, tee, vmsplice
// both ways, sendfile with an offset; and what the program then reads of it.
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "temporary.h"

int main() {
  Temporary file;
  file.write("0123456789abcdef");
  int a[2], b[2], sockets[2];
  OBSERVE(pipe(a) == 0 && pipe(b) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
  off_t offset = 3;
  OBSERVE(splice(file.fd(), &offset, a[1], nullptr, 6, 0) == 6);
  OBSERVE(offset == 9 && tee(a[0], b[1], 4, 0) == 4);
  char text[64] = {};
  OBSERVE(read(b[0], text, sizeof text) == 4);
  std::printf("teed %s\n", text);
  OBSERVE(splice(a[0], nullptr, sockets[0], nullptr, 6, SPLICE_F_MOVE) == 6);
  OBSERVE(read(sockets[1], text, sizeof text) == 6);
  std::printf("through a socket: %s\n", text);
  char mine[] = "my own pages";
  const iovec from = {mine, sizeof mine};
  OBSERVE(vmsplice(a[1], &from, 1, 0) == ssize_t(sizeof mine));
  mine[0] = 'M';  // seen by the reader: the pipe has the page, not its contents
  char in[16] = {};
  OBSERVE(read(a[0], in, 3) == 3);
  std::printf("%.3s\n", in);
  const iovec to = {in, sizeof in};
  const ssize_t n = vmsplice(a[0], &to, 1, 0);
  std::printf("%zd %.9s\n", n, in);
  offset = 10;
  OBSERVE(sendfile(sockets[0], file.fd(), &offset, 100) == 6 && offset == 16);
  std::memset(text, 0, sizeof text);
  OBSERVE(read(sockets[1], text, sizeof text) == 6);
  std::printf("sent %s\n", text);
  OBSERVE(splice(file.fd(), nullptr, file.fd(), nullptr, 6, 0) == -1 && errno == EINVAL);
  OBSERVE(tee(a[0], b[1], 10, SPLICE_F_NONBLOCK) == -1 && errno == EAGAIN);
}
