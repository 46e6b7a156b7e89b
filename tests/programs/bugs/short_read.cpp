// A message that was sent as a whole is taken to arrive as a whole, over TCP.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "bug.h"

int main() {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener, 1) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return 2;
  std::thread client([&] {
    const int to = socket(AF_INET, SOCK_STREAM, 0);
    char message[64] = "the whole message";
    if (connect(to, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        send(to, message, sizeof message, 0) != ssize_t(sizeof message))
      std::_Exit(2);
    close(to);
  });
  const int from = accept(listener, nullptr, nullptr);
  char message[64];
  const ssize_t got = recv(from, message, sizeof message, 0);
  client.join();
  if (got != ssize_t(sizeof message)) bug_shows("a message came in two pieces");
}
