// recvmsg and readv in a process that shares memory, where the recorder stands in for the program's
// vectors: names, control data, flags, signals on the way, pointers that are bad or meet.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "observe.h"

namespace {
struct Received {
  sockaddr_in from;
  alignas(cmsghdr) char control[64];
  char head[4];
  char tail[8];
  iovec parts[3];
  msghdr header;
};

void prepare(Received& into) {
  into = {};
  into.parts[0] = {into.head, sizeof into.head};
  into.parts[1] = {nullptr, 0};
  into.parts[2] = {into.tail, sizeof into.tail};
  into.header.msg_name = &into.from;
  into.header.msg_namelen = sizeof into.from;
  into.header.msg_iov = into.parts;
  into.header.msg_iovlen = 3;
  into.header.msg_control = into.control;
  into.header.msg_controllen = sizeof into.control;
}

void show(const char* what, const Received& got, ssize_t length) {
  std::printf("%s: %zd bytes \"%.4s|%.8s\", name %u, control %zu, flags %#x\n", what, length,
              got.head, got.tail, got.header.msg_namelen, got.header.msg_controllen,
              static_cast<unsigned>(got.header.msg_flags));
}
}  // namespace

int main() {
  void* memory = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  OBSERVE(memory != MAP_FAILED);
  auto& got = *static_cast<Received*>(memory);
  auto* interrupted = static_cast<volatile char*>(memory) + 2048;
  const int udp = socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* name = reinterpret_cast<sockaddr*>(&address);
  OBSERVE(bind(udp, name, size) == 0 && getsockname(udp, name, &size) == 0);
  const int on = 1;
  OBSERVE(setsockopt(udp, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) == 0);
  int ends[2];
  OBSERVE(pipe(ends) == 0);
  struct sigaction action {};
  action.sa_handler = [](int) {};
  action.sa_flags = SA_RESTART;
  sigaction(SIGUSR1, &action, nullptr);
  action.sa_flags = 0;
  sigaction(SIGUSR2, &action, nullptr);

  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) {
    const auto send = [&](const std::string& text) {
      usleep(2000);
      OBSERVE(sendto(udp, text.data(), text.size(), 0, name, size) ==
              static_cast<ssize_t>(text.size()));
    };
    send("hello world");
    send("much too long for it");
    usleep(2000);
    kill(parent, SIGUSR1);
    send("restart");
    while (*interrupted == 0) {
      kill(parent, SIGUSR2);
      usleep(2000);
    }
    OBSERVE(write(ends[1], "piped", 5) == 5);
    _exit(0);
  }
  for (const char* what : {"fits", "truncated", "restarted"}) {
    prepare(got);
    const ssize_t length = recvmsg(udp, &got.header, 0);
    OBSERVE(got.from.sin_port == address.sin_port && got.header.msg_name == &got.from &&
            got.header.msg_iov == got.parts && got.header.msg_control == got.control);
    OBSERVE(CMSG_FIRSTHDR(&got.header)->cmsg_type == IP_PKTINFO);
    show(what, got, length);
  }
  prepare(got);
  OBSERVE(recvmsg(udp, &got.header, 0) == -1 && errno == EINTR);
  action.sa_handler = SIG_IGN;
  sigaction(SIGUSR2, &action, nullptr);
  *interrupted = 1;
  got.parts[1] = {got.tail, 1};
  got.parts[2] = {got.head + 1, 3};  // twice the same bytes
  const ssize_t length = readv(ends[0], got.parts, 3);
  std::printf("%zd bytes %.4s %.1s\n", length, got.head, got.tail);
  OBSERVE(write(ends[1], "lost", 4) == 4);
  got.parts[1] = {reinterpret_cast<void*>(8), 1};
  got.parts[0].iov_len = 0;
  OBSERVE(readv(ends[0], got.parts, 2) == -1 && errno == EFAULT);
  OBSERVE(waitpid(child, nullptr, 0) == child);
}
