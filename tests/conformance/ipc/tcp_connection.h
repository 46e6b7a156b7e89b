#ifndef TTRACE_TESTS_CONFORMANCE_IPC_TCP_CONNECTION_H_
#define TTRACE_TESTS_CONFORMANCE_IPC_TCP_CONNECTION_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "observe.h"

struct Connection {
  int sends;
  int receives;
};

/// Within this machine. `flags` are accept4's, for the end that receives.
inline Connection connect_loopback(int flags = 0) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  OBSERVE(bind(listener, reinterpret_cast<sockaddr*>(&address), length) == 0);
  OBSERVE(listen(listener, 1) == 0);
  OBSERVE(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) == 0);
  const int sends = socket(AF_INET, SOCK_STREAM, 0);
  OBSERVE(connect(sends, reinterpret_cast<sockaddr*>(&address), length) == 0);
  const int receives = accept4(listener, nullptr, nullptr, flags);
  OBSERVE(receives >= 0);
  close(listener);
  return {sends, receives};
}

#endif  // TTRACE_TESTS_CONFORMANCE_IPC_TCP_CONNECTION_H_
