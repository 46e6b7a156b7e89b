// A memfd made by a child, passed to its parent over a socket; one thread of each writes there.
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "observe.h"

namespace {
std::atomic<int>* map(int fd) {
  void* memory = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  OBSERVE(memory != MAP_FAILED);
  return static_cast<std::atomic<int>*>(memory);
}

struct Message {
  char data = 'x';
  iovec vector{&data, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr header{};
  Message() {
    header.msg_iov = &vector;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
  }
};

void count(std::atomic<int>* cells, int mine) {
  for (int i = 0; i < 30; ++i) {
    cells[mine] = cells[mine] + 1;
    cells[2] = cells[2] + mine + 1;  // may lose updates
    if (i % 7 == 0) sched_yield();
  }
}
}  // namespace

int main() {
  int ends[2];
  OBSERVE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  const pid_t child = fork();
  Message message;
  if (child == 0) {
    const int fd = memfd_create("passed", 0);
    OBSERVE(fd >= 0 && ftruncate(fd, 4096) == 0);
    auto* cells = map(fd);
    cmsghdr* control = CMSG_FIRSTHDR(&message.header);
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SCM_RIGHTS;
    control->cmsg_len = CMSG_LEN(sizeof fd);
    std::memcpy(CMSG_DATA(control), &fd, sizeof fd);
    OBSERVE(sendmsg(ends[1], &message.header, 0) == 1);
    std::thread(count, cells, 0).join();
    _exit(0);
  }
  OBSERVE(recvmsg(ends[0], &message.header, 0) == 1);
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message.header)), sizeof fd);
  auto* cells = map(fd);
  std::thread(count, cells, 1).join();
  OBSERVE(waitpid(child, nullptr, 0) == child);
  OBSERVE(cells[0] == 30 && cells[1] == 30);
  std::printf("%d %d %d\n", cells[0].load(), cells[1].load(), cells[2].load());
}
