// SCM_RIGHTS and SCM_CREDENTIALS through a socketpair: a child sends the descriptor of a pipe.
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "observe.h"

int main() {
  int pair[2];
  OBSERVE(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) == 0);
  int on = 1;
  OBSERVE(setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0);
  char byte = 'm';
  iovec part = {&byte, 1};
  alignas(cmsghdr) char control[256] = {};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  pid_t child = fork();
  OBSERVE(child >= 0);
  if (child == 0) {
    int ends[2];
    if (pipe(ends) != 0 || write(ends[1], "through the pipe", 16) != 16) _exit(1);
    message.msg_controllen = CMSG_SPACE(sizeof(int));
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &ends[0], sizeof(int));
    _exit(sendmsg(pair[1], &message, 0) == 1 ? 0 : 2);
  }
  message.msg_controllen = sizeof control;
  OBSERVE(recvmsg(pair[0], &message, MSG_CMSG_CLOEXEC) == 1 && byte == 'm');
  int received = -1;
  ucred credentials = {};
  for (cmsghdr* h = CMSG_FIRSTHDR(&message); h; h = CMSG_NXTHDR(&message, h)) {
    if (h->cmsg_type == SCM_RIGHTS) std::memcpy(&received, CMSG_DATA(h), sizeof received);
    if (h->cmsg_type == SCM_CREDENTIALS) {
      std::memcpy(&credentials, CMSG_DATA(h), sizeof credentials);
    }
  }
  OBSERVE(received >= 0 && credentials.pid == child);
  char text[32] = {};
  OBSERVE(read(received, text, sizeof text) == 16);
  int status = 0;
  OBSERVE(waitpid(child, &status, 0) == child && status == 0);
  std::printf("%s from %d\n", text, credentials.pid);
}
