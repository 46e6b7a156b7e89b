#include "gdb/connection.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/error.h"

namespace ttrace::gdb {
namespace {

constexpr char kInterrupt = '\x03';
/// More than this is not taken in while the program runs: a debugger that waits sends nothing.
constexpr std::size_t kLateLimit = 64 * 1024;

}  // namespace

Connection::Connection(Fd socket) : socket_(std::move(socket)) {}

std::optional<std::string> Connection::receive() {
  while (!gone_) {
    const auto incoming = decoder_.next();
    if (!incoming) {
      if (!read()) gone_ = true;
      continue;
    }
    switch (incoming->kind) {
      case Incoming::Kind::packet:
        if (acknowledge_) write("+");
        return incoming->payload;
      case Incoming::Kind::damaged:
        if (acknowledge_) write("-");
        break;
      case Incoming::Kind::nak:
        if (acknowledge_) write(last_sent_);
        break;
      case Incoming::Kind::interrupt:
        late_interrupt_ = true;
        break;
      case Incoming::Kind::ack:
        break;
    }
  }
  return {};
}

void Connection::send(std::string_view payload) {
  last_sent_ = frame_packet(payload);
  write(last_sent_);
}

void Connection::stop_acknowledging() {
  acknowledge_ = false;
  decoder_.set_verify(false);
}

void Connection::write(std::string_view bytes) {
  while (!gone_ && !bytes.empty()) {
    const ssize_t sent = ::send(socket_.value(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(std::size_t(sent));
    } else if (errno != EINTR) {
      gone_ = true;
    }
  }
}

bool Connection::read() {
  std::array<char, 4096> chunk;
  ssize_t got;
  do {
    got = ::recv(socket_.value(), chunk.data(), chunk.size(), 0);
  } while (got < 0 && errno == EINTR);
  if (got <= 0) return false;
  decoder_.feed({chunk.data(), std::size_t(got)});
  return true;
}

Connection::Watch::Watch(Connection& line, std::atomic<bool>& interrupt)
    : line_(line), interrupt_(interrupt), wake_(::eventfd(0, EFD_CLOEXEC)) {
  if (!wake_) throw_errno("eventfd");
  if (line_.decoder_.take_interrupt()) interrupt_ = true;
  thread_ = std::thread([this] { watch(); });
}

Connection::Watch::~Watch() {
  const eventfd_t one = 1;
  ::eventfd_write(wake_.value(), one);
  thread_.join();
  line_.decoder_.feed(late_);
  line_.gone_ |= gone_;
}

void Connection::Watch::watch() {
  while (true) {
    const short wanted = late_.size() < kLateLimit ? POLLIN : 0;
    std::array<pollfd, 2> fds{{{line_.socket_.value(), wanted, 0}, {wake_.value(), POLLIN, 0}}};
    if (::poll(fds.data(), fds.size(), -1) < 0) continue;  // EINTR
    if (fds[1].revents) return;
    if (!fds[0].revents) continue;
    std::array<char, 1024> chunk;
    const ssize_t got = ::recv(line_.socket_.value(), chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) {
      gone_ = true;
      interrupt_ = true;
      return;
    }
    // The debugger waits for the stop, so an interrupt byte is one wherever it stands.
    const auto end = std::remove(chunk.begin(), chunk.begin() + got, kInterrupt);
    if (end != chunk.begin() + got) interrupt_ = true;
    late_.append(chunk.begin(), end);
  }
}

}  // namespace ttrace::gdb
