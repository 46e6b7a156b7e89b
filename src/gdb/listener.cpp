#include "gdb/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>

#include "base/error.h"

namespace ttrace::gdb {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr std::array<std::string_view, 3> kLoopback{"127.0.0.1:", "localhost:", ":"};

[[noreturn]] void cannot_listen(const std::string& where) {
  throw UsageError("cannot listen on " + where + ": " + std::strerror(errno) +
                   "; choose another address");
}

Fd listen_unix(const std::string& path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof name.sun_path) {
    throw UsageError("cannot listen on unix:" + path +
                     ": a socket's path has 1 to 107 characters; choose another one");
  }
  path.copy(name.sun_path, path.size());
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) cannot_listen("unix:" + path);
  // Connecting needs write permission: the mode must be right from the first moment on.
  ::fchmod(socket.value(), 0600);
  if (::bind(socket.value(), reinterpret_cast<sockaddr*>(&name), sizeof name) < 0) {
    cannot_listen("unix:" + path);
  }
  if (::listen(socket.value(), 1) < 0) {
    const int error = errno;
    ::unlink(path.c_str());
    errno = error;
    cannot_listen("unix:" + path);
  }
  return socket;
}

Fd listen_tcp(std::uint16_t& port) {
  const std::string where = "127.0.0.1:" + std::to_string(port);
  Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) cannot_listen(where);
  const int yes = 1;
  ::setsockopt(socket.value(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  name.sin_port = htons(port);
  auto* address = reinterpret_cast<sockaddr*>(&name);
  socklen_t size = sizeof name;
  if (::bind(socket.value(), address, size) < 0 || ::listen(socket.value(), 1) < 0 ||
      ::getsockname(socket.value(), address, &size) < 0) {
    cannot_listen(where);
  }
  port = ntohs(name.sin_port);
  return socket;
}

}  // namespace

ListenAddress parse_address(const std::string& text) {
  std::string_view rest = text;
  if (rest.starts_with(kUnixPrefix)) {
    rest.remove_prefix(kUnixPrefix.size());
    if (rest.empty()) throw UsageError("cannot listen on " + text + ": the path is missing");
    return {std::string(rest), 0};
  }
  for (const std::string_view prefix : kLoopback) {
    if (rest.starts_with(prefix)) {
      rest.remove_prefix(prefix.size());
      break;
    }
  }
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), port);
  if (rest.empty() || error != std::errc() || end != rest.data() + rest.size()) {
    throw UsageError("cannot listen on " + text +
                     ": give a PORT of this machine's loopback address, or unix:PATH");
  }
  return {"", port};
}

Listener::Listener(const ListenAddress& address) {
  if (!address.path.empty()) {
    socket_ = listen_unix(address.path);
    path_ = address.path;
    remote_ = path_;
  } else {
    std::uint16_t port = address.port;
    socket_ = listen_tcp(port);
    remote_ = "127.0.0.1:" + std::to_string(port);
  }
}

Listener::~Listener() { remove_path(); }

void Listener::remove_path() const {
  if (!path_.empty()) ::unlink(path_.c_str());
}

Fd Listener::accept(int cancel) {
  while (true) {
    std::array<pollfd, 2> fds{{{socket_.value(), POLLIN, 0}, {cancel, POLLIN, 0}}};
    if (::poll(fds.data(), fds.size(), -1) < 0) {
      if (errno == EINTR) continue;
      throw_errno("poll");
    }
    if (fds[0].revents) {
      Fd client(::accept4(socket_.value(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!client) {
        if (errno == EINTR || errno == ECONNABORTED || errno == EAGAIN) continue;
        throw_errno("accept");
      }
      const int yes = 1;  // small packets go back and forth; fails harmlessly on a Unix socket
      ::setsockopt(client.value(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
      return client;
    }
    if (fds[1].revents) return {};
  }
}

}  // namespace ttrace::gdb
