// TCP's corners within one process: urgent data with SIGURG, a reset by SO_LINGER, a full send
// buffer, a listener's queue, timeouts of sockets.
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vector>

#include "observe.h"
#include "tcp_connection.h"

namespace {
volatile sig_atomic_t urgent = 0;
}  // namespace

int main() {
  signal(SIGURG, [](int) { urgent = urgent + 1; });
  signal(SIGPIPE, SIG_IGN);
  const Connection way = connect_loopback();
  const int ends[2] = {way.sends, way.receives};
  OBSERVE(fcntl(ends[1], F_SETOWN, getpid()) == 0);
  OBSERVE(send(ends[0], "ab!", 3, MSG_OOB) == 3);
  for (int i = 0; i < 1000 && !urgent; ++i) usleep(1000);
  char text[16] = {};
  OBSERVE(recv(ends[1], text, 1, MSG_OOB) == 1);
  std::printf("urgent %d: %c\n", int(urgent), text[0]);
  OBSERVE(recv(ends[1], text, 2, MSG_WAITALL) == 2);
  std::printf("at the mark: %d\n", sockatmark(ends[1]));

  timeval limit = {0, 20'000};
  OBSERVE(setsockopt(ends[1], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0);
  OBSERVE(setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0);
  OBSERVE(recv(ends[1], text, 16, 0) == -1);
  std::printf("recv: %s\n", strerrorname_np(errno));
  const std::vector<char> much(1 << 20, 'm');
  ssize_t sent = 0;
  while (sent >= 0) sent = send(ends[0], much.data(), much.size(), 0);
  std::printf("send: %s\n", strerrorname_np(errno));

  const linger at_once = {1, 0};
  OBSERVE(setsockopt(ends[1], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0);
  close(ends[1]);
  OBSERVE(recv(ends[0], text, 16, 0) == -1);
  std::printf("recv: %s\n", strerrorname_np(errno));
  OBSERVE(send(ends[0], "x", 1, 0) == -1);
  std::printf("send: %s\n", strerrorname_np(errno));
}
