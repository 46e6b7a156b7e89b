// TCP on the loopback device between two threads: accept4, partial reads, shutdown, peer names.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "observe.h"

int main() {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  OBSERVE(bind(listener, any, sizeof address) == 0 && listen(listener, 5) == 0);
  OBSERVE(getsockname(listener, any, &length) == 0 && address.sin_port != 0);
  std::printf("port %d\n", ntohs(address.sin_port));
  std::thread client([address] {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    OBSERVE(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    int on = 1;
    OBSERVE(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0);
    for (int i = 0; i < 10; ++i) {
      std::string text = "message " + std::to_string(i) + "\n";
      OBSERVE(send(fd, text.data(), text.size(), MSG_NOSIGNAL) ==
              static_cast<ssize_t>(text.size()));
    }
    OBSERVE(shutdown(fd, SHUT_WR) == 0);
    char answer[16] = {};
    OBSERVE(recv(fd, answer, sizeof answer, MSG_WAITALL) == 4);
    std::printf("client got %s\n", answer);
    close(fd);
  });
  sockaddr_in peer = {};
  length = sizeof peer;
  int fd = accept4(listener, reinterpret_cast<sockaddr*>(&peer), &length, SOCK_CLOEXEC);
  OBSERVE(fd >= 0 && ntohl(peer.sin_addr.s_addr) == INADDR_LOOPBACK);
  std::printf("peer port %d\n", ntohs(peer.sin_port));
  std::string all;
  char buffer[50];
  for (ssize_t n; (n = recv(fd, buffer, sizeof buffer, 0)) != 0;) {
    OBSERVE(n > 0);
    std::printf("received %zd\n", n);
    all.append(buffer, static_cast<std::size_t>(n));
  }
  OBSERVE(all.size() == 100 && all.substr(90) == "message 9\n");
  OBSERVE(send(fd, "done", 4, 0) == 4);
  OBSERVE(close(fd) == 0);
  client.join();
}
