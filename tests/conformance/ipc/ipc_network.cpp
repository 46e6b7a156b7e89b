// What sockets say beside their data: truncation, control messages, timeouts, errors, peers,
// interfaces, names.
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "observe.h"

namespace {

template <class Value>
void set(int socket, int level, int option, Value value) {
  OBSERVE(setsockopt(socket, level, option, &value, sizeof value) == 0);
}

void datagrams() {
  const int s = socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof here;
  OBSERVE(bind(s, reinterpret_cast<sockaddr*>(&here), sizeof here) == 0);
  OBSERVE(getsockname(s, reinterpret_cast<sockaddr*>(&here), &length) == 0);
  set(s, SOL_SOCKET, SO_TIMESTAMP, 1);
  set(s, IPPROTO_IP, IP_PKTINFO, 1);
  set(s, SOL_SOCKET, SO_RCVTIMEO, timeval{0, 2000});
  for (int i = 0; i < 2; ++i) {
    OBSERVE(sendto(s, "0123456789", 10, 0, reinterpret_cast<sockaddr*>(&here), sizeof here) == 10);
  }
  char text[4];
  OBSERVE(recv(s, text, sizeof text, MSG_TRUNC | MSG_PEEK) == 10);
  iovec part{text, sizeof text};
  alignas(cmsghdr) char control[256];
  sockaddr_in from{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  message.msg_name = &from;
  message.msg_namelen = sizeof from;
  OBSERVE(recvmsg(s, &message, MSG_TRUNC) == 10 && (message.msg_flags & MSG_TRUNC));
  OBSERVE(from.sin_port == here.sin_port);
  for (cmsghdr* h = CMSG_FIRSTHDR(&message); h; h = CMSG_NXTHDR(&message, h)) {
    unsigned sum = 0;
    for (std::size_t i = 0; i < h->cmsg_len - CMSG_LEN(0); ++i) sum += CMSG_DATA(h)[i];
    std::printf("control %d sum %u\n", h->cmsg_type, sum);
  }
  OBSERVE(recv(s, text, sizeof text, 0) == 4);
  OBSERVE(recv(s, text, sizeof text, 0) < 0 && errno == EAGAIN);

  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  OBSERVE(ioctl(s, SIOCGIFMTU, &request) == 0);
  std::printf("mtu %d\n", request.ifr_mtu);
  close(s);
}

void refused_connection() {
  const int s = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in nobody{};
  nobody.sin_family = AF_INET;
  nobody.sin_port = htons(1);
  nobody.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int result = connect(s, reinterpret_cast<sockaddr*>(&nobody), sizeof nobody);
  std::printf("connect %d %s\n", result, std::strerror(errno));
  tcp_info info{};
  socklen_t length = sizeof info;
  OBSERVE(getsockopt(s, IPPROTO_TCP, TCP_INFO, &info, &length) == 0);
  std::printf("state %d of %u bytes\n", info.tcpi_state, length);
  close(s);
}

void packets() {
  const int listener = socket(AF_UNIX, SOCK_SEQPACKET, 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;  // and a name of the kernel's choice
  OBSERVE(bind(listener, reinterpret_cast<sockaddr*>(&name), sizeof(sa_family_t)) == 0);
  socklen_t length = sizeof name;
  OBSERVE(getsockname(listener, reinterpret_cast<sockaddr*>(&name), &length) == 0);
  OBSERVE(listen(listener, 1) == 0);
  const pid_t pid = fork();
  OBSERVE(pid >= 0);
  if (pid == 0) {
    const int s = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    if (connect(s, reinterpret_cast<sockaddr*>(&name), length) != 0) _exit(1);
    if (send(s, "abc", 3, 0) != 3 || send(s, "de", 2, 0) != 2) _exit(2);
    char byte;
    _exit(read(s, &byte, 1) == 0 ? 0 : 3);
  }
  const int s = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  ucred peer{};
  length = sizeof peer;
  OBSERVE(getsockopt(s, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0);
  std::printf("peer %d uid %u\n", peer.pid, peer.uid);
  char text[16];
  OBSERVE(read(s, text, sizeof text) == 3 && read(s, text, sizeof text) == 2);
  OBSERVE(shutdown(s, SHUT_RDWR) == 0);
  int status = -1;
  OBSERVE(waitpid(pid, &status, 0) == pid && status == 0);
}

void names() {
  ifaddrs* interfaces = nullptr;
  OBSERVE(getifaddrs(&interfaces) == 0);
  for (const ifaddrs* i = interfaces; i; i = i->ifa_next) std::printf("%s\n", i->ifa_name);
  freeifaddrs(interfaces);
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST;
  addrinfo* found = nullptr;
  OBSERVE(getaddrinfo("127.0.0.1", "80", &hints, &found) == 0);
  freeaddrinfo(found);
}

}  // namespace

int main() {
  datagrams();
  refused_connection();
  packets();
  names();
  return 0;
}
