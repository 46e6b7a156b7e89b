// Unix sockets of every type, named, abstract and without a name: peers, credentials, MSG_PEEK,
// MSG_TRUNC, MSG_WAITALL, SEQPACKET's limits, descriptors in flight that nobody takes.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>

#include <initializer_list>

#include "observe.h"

namespace {
void types() {
  for (const int type : {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET}) {
    int ends[2];
    OBSERVE(socketpair(AF_UNIX, type, 0, ends) == 0);
    OBSERVE(send(ends[0], "first", 5, 0) == 5 && send(ends[0], "second", 6, MSG_EOR) == 6);
    char text[16] = {};
    const ssize_t peeked = recv(ends[1], text, 3, MSG_PEEK | MSG_TRUNC);
    const ssize_t got = recv(ends[1], text, 8, 0);
    std::printf("type %d: peeked %zd, got %zd %.*s", type, peeked, got, int(got), text);
    OBSERVE(shutdown(ends[0], SHUT_WR) == 0 || type == SOCK_DGRAM);
    const ssize_t rest = recv(ends[1], text, 16, MSG_DONTWAIT | MSG_WAITALL);
    std::printf(", rest %zd, end %zd\n", rest, recv(ends[1], text, 16, MSG_DONTWAIT));
    close(ends[0]);
    OBSERVE(send(ends[1], "x", 1, MSG_NOSIGNAL) == -1);
    std::printf("then %s\n", strerrorname_np(errno));
    close(ends[1]);
  }
}

void abstract_name() {
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  OBSERVE(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(sa_family_t)) == 0);
  socklen_t length = sizeof address;
  OBSERVE(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) == 0);
  std::printf("a name of %u bytes\n", length - unsigned(offsetof(sockaddr_un, sun_path)));
  OBSERVE(listen(listener, 1) == 0);
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    const int client = socket(AF_UNIX, SOCK_STREAM, 0);
    OBSERVE(connect(client, reinterpret_cast<sockaddr*>(&address), length) == 0);
    char word[8] = {};
    OBSERVE(recv(client, word, 5, MSG_WAITALL) == 5);
    std::printf("the client got %s\n", word);
    std::fflush(stdout);
    _exit(0);
  }
  sockaddr_un peer{};
  length = sizeof peer;
  const int server = accept4(listener, reinterpret_cast<sockaddr*>(&peer), &length, SOCK_CLOEXEC);
  OBSERVE(server >= 0 && (fcntl(server, F_GETFD) & FD_CLOEXEC));
  ucred credentials{};
  length = sizeof credentials;
  OBSERVE(getsockopt(server, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0);
  std::printf("from the child: %d\n", credentials.pid == child);
  OBSERVE(send(server, "he", 2, 0) == 2);
  usleep(2000);
  OBSERVE(send(server, "llo", 3, 0) == 3);
  OBSERVE(waitpid(child, nullptr, 0) == child);
}

void in_flight() {
  int ends[2];
  OBSERVE(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0);
  alignas(cmsghdr) char control[CMSG_SPACE(3 * sizeof(int))] = {};
  char byte = 'x';
  iovec vector = {&byte, 1};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(3 * sizeof(int));
  const int sent[3] = {0, 1, 2};
  std::memcpy(CMSG_DATA(header), sent, sizeof sent);
  OBSERVE(sendmsg(ends[0], &message, 0) == 1 && sendmsg(ends[0], &message, 0) == 1);
  // Room for two of three; then none at all.
  message.msg_controllen = CMSG_LEN(2 * sizeof(int));
  OBSERVE(recvmsg(ends[1], &message, MSG_CMSG_CLOEXEC) == 1);
  std::printf("truncated %d, control of %zu\n", (message.msg_flags & MSG_CTRUNC) != 0,
              size_t(message.msg_controllen));
  message.msg_control = nullptr;
  message.msg_controllen = 0;
  OBSERVE(recvmsg(ends[1], &message, 0) == 1);
  std::printf("truncated %d\n", (message.msg_flags & MSG_CTRUNC) != 0);
}
}  // namespace

int main() {
  types();
  abstract_name();
  in_flight();
}
