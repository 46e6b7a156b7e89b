// UDP on the loopback device: sendto, recvfrom, sendmmsg and recvmmsg, a truncated datagram.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "observe.h"

int main() {
  int receiver = socket(AF_INET, SOCK_DGRAM, 0), sender = socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in address = {}, from = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  OBSERVE(bind(receiver, any, length) == 0 && getsockname(receiver, any, &length) == 0);
  OBSERVE(sendto(sender, "datagram", 8, 0, any, length) == 8);
  char text[16] = {};
  length = sizeof from;
  OBSERVE(recvfrom(receiver, text, 4, MSG_TRUNC, reinterpret_cast<sockaddr*>(&from), &length) == 8);
  OBSERVE(std::strcmp(text, "data") == 0 && from.sin_port != 0);
  OBSERVE(connect(sender, any, sizeof address) == 0);
  char one[] = "one", two[] = "second";
  iovec parts[2] = {{one, 3}, {two, 6}};
  mmsghdr out[2] = {};
  out[0].msg_hdr.msg_iov = &parts[0];
  out[1].msg_hdr.msg_iov = &parts[1];
  out[0].msg_hdr.msg_iovlen = out[1].msg_hdr.msg_iovlen = 1;
  OBSERVE(sendmmsg(sender, out, 2, 0) == 2 && out[1].msg_len == 6);
  char first[8] = {}, second[8] = {};
  iovec rooms[2] = {{first, 7}, {second, 7}};
  mmsghdr in[3] = {};
  in[0].msg_hdr.msg_iov = &rooms[0];
  in[1].msg_hdr.msg_iov = &rooms[1];
  in[0].msg_hdr.msg_iovlen = in[1].msg_hdr.msg_iovlen = 1;
  OBSERVE(recvmmsg(receiver, in, 2, MSG_WAITFORONE, nullptr) == 2);
  OBSERVE(in[0].msg_len == 3 && in[1].msg_len == 6 && std::strcmp(second, "second") == 0);
  OBSERVE(recv(receiver, text, sizeof text, MSG_DONTWAIT) == -1 && errno == EAGAIN);
  std::printf("%s %s from port %d\n", first, second, ntohs(from.sin_port));
}
