#include "gdb/doorman.h"

#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>

#include "base/error.h"
#include "gdb/packets.h"

namespace ttrace::gdb {
namespace {

/// How long a client may take to say its first packet. It is hung up on anyway.
constexpr int kPatience = 2000;  // ms

constexpr std::string_view kRefusal =
    "E.ttrace serves one debugger, and another one is connected; end it, or serve the trace again";

void watch_for(const Fd& epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  if (::epoll_ctl(epoll.value(), EPOLL_CTL_ADD, fd, &event) < 0) throw_errno("epoll_ctl");
}

bool is_readable(int fd) {
  pollfd one{fd, POLLIN, 0};
  return ::poll(&one, 1, 0) > 0;
}

/// False: the client has been silent for too long, or the alarm comes first.
bool says_something(const Fd& client, const Fd& alarm) {
  std::array<pollfd, 2> fds{{{client.value(), POLLIN, 0}, {alarm.value(), POLLIN, 0}}};
  return ::poll(fds.data(), fds.size(), kPatience) > 0 && !fds[1].revents;
}

/// A debugger reads no answer before it has asked.
void refuse(const Fd& client, const Fd& alarm) {
  PacketDecoder decoder;
  std::array<char, 1024> chunk{};
  bool told = false;
  while (says_something(client, alarm)) {
    const ssize_t got = ::recv(client.value(), chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (got <= 0) return;
    decoder.feed({chunk.data(), std::size_t(got)});
    for (auto incoming = decoder.next(); incoming && !told; incoming = decoder.next()) {
      if (incoming->kind != Incoming::Kind::packet) continue;
      const std::string answer = "+" + frame_packet(kRefusal);
      ::send(client.value(), answer.data(), answer.size(), MSG_NOSIGNAL);
      // It is left the time to read: gdb looks at no answer if the line breaks under its "+".
      ::shutdown(client.value(), SHUT_WR);
      told = true;
    }
  }
}

}  // namespace

Doorman::Doorman(Listener& listener, int signals)
    : listener_(listener),
      signals_(signals),
      wake_(::eventfd(0, EFD_CLOEXEC)),
      alarm_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!wake_ || !alarm_) throw_errno("eventfd");
  watch_for(alarm_, wake_.value());
  watch_for(alarm_, signals_);
  thread_ = std::thread([this] { watch(); });
}

Doorman::~Doorman() {
  ::eventfd_write(wake_.value(), 1);
  thread_.join();
}

void Doorman::watch() {
  while (const Fd client = listener_.accept(alarm_.value())) refuse(client, alarm_);
  if (is_readable(signals_)) die_of_signal();
}

void Doorman::die_of_signal() const {
  signalfd_siginfo info{};
  if (::read(signals_, &info, sizeof info) != sizeof info) return;
  listener_.remove_path();
  const int signal = int(info.ssi_signo);
  ::signal(signal, SIG_DFL);
  sigset_t one;
  ::sigemptyset(&one);
  ::sigaddset(&one, signal);
  ::pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
  ::raise(signal);
}

}  // namespace ttrace::gdb
