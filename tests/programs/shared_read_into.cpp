// A process sleeps in calls that will write into shared memory; another one, which made that
// happen, looks there at once and again and again.
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <string>

#include "observe.h"

int main() {
  auto* shared = static_cast<volatile char*>(
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  OBSERVE(shared != MAP_FAILED);
  int ends[2];
  OBSERVE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  constexpr int kRounds = 10;
  const pid_t child = fork();
  if (child == 0) {
    auto* text = const_cast<char*>(shared);
    auto* waiting = reinterpret_cast<pollfd*>(text + 1024);
    for (int i = 0; i < kRounds; ++i) {
      *waiting = {ends[0], POLLIN, 0};
      OBSERVE(poll(waiting, 1, -1) == 1);
      OBSERVE((i % 2 ? read(ends[0], text + i, 1) : recv(ends[0], text + i, 1, 0)) == 1);
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
