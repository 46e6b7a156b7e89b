// A stream of which the program knows how much there is to read: a short transfer would say that
// there is no more. By an edge of epoll, by FIONREAD, by a look ahead, by SIGIO.
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "observe.h"
#include "tcp_connection.h"

namespace {

constexpr int kSent = 3000;

volatile sig_atomic_t signals = 0;

void send_all(const Connection& way) {
  const char data[kSent] = {};
  OBSERVE(send(way.sends, data, sizeof data, 0) == kSent);
}

void close_both(const Connection& way) {
  close(way.sends);
  close(way.receives);
}

/// As servers with edges do it: what was shorter than asked for was the last.
void by_edges() {
  const Connection way = connect_loopback(SOCK_NONBLOCK);
  const int epoll = epoll_create1(0);
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  OBSERVE(epoll_ctl(epoll, EPOLL_CTL_ADD, way.receives, &event) == 0);
  send_all(way);
  int received = 0;
  while (received < kSent && epoll_wait(epoll, &event, 1, 2000) == 1) {
    char buffer[1024];
    ssize_t got = 0;
    do {
      got = read(way.receives, buffer, sizeof buffer);
      OBSERVE(got > 0 || errno == EAGAIN);
      if (got > 0) received += int(got);
    } while (got == sizeof buffer);
  }
  OBSERVE(received == kSent);
  close(epoll);
  close_both(way);
}

void by_asking() {
  const Connection way = connect_loopback();
  send_all(way);
  int there = 0;
  while (there < kSent) OBSERVE(ioctl(way.receives, FIONREAD, &there) == 0);
  char buffer[kSent];
  OBSERVE(read(way.receives, buffer, std::size_t(there)) == kSent);
  close_both(way);
}

void by_looking() {
  const Connection way = connect_loopback();
  send_all(way);
  char buffer[kSent];
  ssize_t there = 0;
  while (there < kSent) there = recv(way.receives, buffer, sizeof buffer, MSG_PEEK);
  OBSERVE(recv(way.receives, buffer, sizeof buffer, 0) == kSent);
  close_both(way);
}

void by_signal() {
  signal(SIGIO, [](int) { signals = signals + 1; });
  const Connection way = connect_loopback(SOCK_NONBLOCK);
  OBSERVE(fcntl(way.receives, F_SETOWN, getpid()) == 0);
  OBSERVE(fcntl(way.receives, F_SETFL, O_NONBLOCK | O_ASYNC) == 0);
  send_all(way);
  while (signals == 0) usleep(1000);
  char buffer[2 * kSent];
  OBSERVE(read(way.receives, buffer, sizeof buffer) == kSent);
  close_both(way);
}

}  // namespace

int main() {
  by_edges();
  by_asking();
  by_looking();
  by_signal();
  std::printf("read whole\n");
}
