// A TCP server that forks for each client, over IPv4 and IPv6 on the loopback device: a connection
// that is refused, one that is not waited for, urgent data, a half-closed and a reset one.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cctype>
#include <initializer_list>

#include "observe.h"

namespace {
void serve(int connection) {
  char text[64];
  for (ssize_t n; (n = recv(connection, text, sizeof text, 0)) > 0;) {
    for (ssize_t i = 0; i < n; ++i) text[i] = char(toupper(text[i]));
    OBSERVE(send(connection, text, size_t(n), MSG_NOSIGNAL) == n);
  }
  OBSERVE(send(connection, "bye", 3, 0) == 3);
}

void client(int family, const sockaddr* address, socklen_t length) {
  const int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const int begun = connect(fd, address, length);
  OBSERVE(begun == 0 || errno == EINPROGRESS);
  pollfd ready = {fd, POLLOUT, 0};
  OBSERVE(poll(&ready, 1, 5000) == 1);
  int error = -1;
  socklen_t size = sizeof error;
  OBSERVE(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0);
  if (error != 0) {
    std::printf("connect: %s\n", strerrorname_np(error));
    close(fd);
    return;
  }
  OBSERVE(fcntl(fd, F_SETFL, 0) == 0);
  const int one = 1;
  OBSERVE(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0);
  OBSERVE(send(fd, "hello ", 6, MSG_MORE) == 6 && send(fd, "there", 5, 0) == 5);
  char text[64] = {};
  OBSERVE(recv(fd, text, 11, MSG_WAITALL) == 11);
  OBSERVE(shutdown(fd, SHUT_WR) == 0 && recv(fd, text + 11, 3, MSG_WAITALL) == 3);
  std::printf("%s, end %zd\n", text, recv(fd, text, 1, 0));
  tcp_info info{};
  size = sizeof info;
  OBSERVE(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0);
  std::printf("state %d\n", info.tcpi_state > 0);
  close(fd);
}
}  // namespace

int main() {
  signal(SIGCHLD, SIG_DFL);
  for (const int family : {AF_INET, AF_INET6}) {
    const int listener = socket(family, SOCK_STREAM, 0);
    if (listener < 0) continue;
    sockaddr_in6 address{};
    socklen_t length = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    if (family == AF_INET) {
      auto* four = reinterpret_cast<sockaddr_in*>(&address);
      four->sin_family = AF_INET;
      four->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    } else {
      address.sin6_family = AF_INET6;
      address.sin6_addr = in6addr_loopback;
    }
    auto* general = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener, general, length) != 0) {
      std::printf("no such family: %s\n", strerrorname_np(errno));
      continue;
    }
    OBSERVE(getsockname(listener, general, &length) == 0 && listen(listener, 8) == 0);
    std::fflush(stdout);
    const pid_t server = fork();
    if (server == 0) {
      for (int i = 0; i < 3; ++i) {
        const int connection = accept(listener, nullptr, nullptr);
        OBSERVE(connection >= 0);
        if (fork() == 0) {
          close(listener);
          serve(connection);
          _exit(0);
        }
        close(connection);
      }
      while (wait(nullptr) > 0) {
      }
      _exit(0);
    }
    close(listener);
    for (int i = 0; i < 3; ++i) client(family, general, length);
    OBSERVE(waitpid(server, nullptr, 0) == server);
    client(family, general, length);
  }
}
