// A process sleeps in calls that will write into shared memory; another one, which made that
// happen, looks there at once and again and again.
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <string>

#include "observe.h"

namespace {
constexpr int kRounds = 16;

/// Into text[i], in one of four ways.
ssize_t receive(int i, int from, char* text) {
  iovec parts[] = {{text + i, 1}, {text + 512, 0}};
  auto* message = reinterpret_cast<msghdr*>(text + 2048);
  switch (i % 4) {
    case 0:
      return read(from, text + i, 1);
    case 1:
      return recv(from, text + i, 1, 0);
    case 2:
      return readv(from, parts, 2);
    default:
      *message = {};
      message->msg_iov = parts;
      message->msg_iovlen = 2;
      message->msg_flags = -1;
      OBSERVE(recvmsg(from, message, 0) == 1);
      OBSERVE(message->msg_flags == 0 && message->msg_iov == parts && message->msg_iovlen == 2);
      return 1;
  }
}
}  // namespace

int main() {
  auto* shared = static_cast<volatile char*>(
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  OBSERVE(shared != MAP_FAILED);
  int ends[2];
  OBSERVE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  const pid_t child = fork();
  if (child == 0) {
    auto* text = const_cast<char*>(shared);
    auto* waiting = reinterpret_cast<pollfd*>(text + 1024);
    for (int i = 0; i < kRounds; ++i) {
      *waiting = {ends[0], POLLIN, 0};
      OBSERVE(i / 4 % 2 == 0 || poll(waiting, 1, -1) == 1);
      OBSERVE(receive(i, ends[0], text) == 1);
    }
    _exit(0);
  }
  int looks = 0;
  std::string seen;
  for (int i = 0; i < kRounds; ++i) {
    const char letter = static_cast<char>('a' + i);
    OBSERVE(write(ends[1], &letter, 1) == 1);
    seen += shared[i] == letter ? 'Y' : 'n';
    seen += shared[1024 + offsetof(pollfd, revents)] != 0 ? 'Y' : 'n';
    while (shared[i] != letter) {
      ++looks;
      if (looks % 4 == 0) sched_yield();
    }
  }
  OBSERVE(waitpid(child, nullptr, 0) == child);
  std::printf("%s %s %d\n", const_cast<char*>(shared), seen.c_str(), looks);
}
