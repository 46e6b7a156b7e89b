// Sleeping calls of a process that is stopped and continued without any handler: all go on, as if
// nothing had been.
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <thread>
#include <vector>

namespace {
int report(const char* name, long result, int error) {
  std::printf("%s: %ld, errno %d\n", name, result, error);
  return 0;
}
}  // namespace

int main() {
  int ready[2], quiet[2];
  if (pipe(ready) != 0 || pipe(quiet) != 0) return 1;
  const pid_t child = fork();
  if (child == 0) {
    const timespec span = {0, 20'000'000};
    std::vector<std::thread> threads;
    threads.emplace_back([&] { report("nanosleep", nanosleep(&span, nullptr), errno); });
    threads.emplace_back([&] {
      pollfd polled = {quiet[0], POLLIN, 0};
      report("poll", poll(&polled, 1, 20), 0);
    });
    threads.emplace_back([&] {
      int word = 0;
      const long result = syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &span, nullptr, 0);
      report("futex", result, errno);
    });
    threads.emplace_back([&] {
      const int epoll = epoll_create1(0);
      epoll_event event;
      // This one is interrupted by a stop (signal(7)).
      const int result = epoll_wait(epoll, &event, 1, 20);
      report("epoll_wait", result, result == -1 ? errno : 0);
    });
    usleep(1000);
    if (write(ready[1], "r", 1) != 1) _exit(1);
    for (std::thread& thread : threads) thread.join();
    std::fflush(stdout);
    _exit(0);
  }
  char byte;
  if (read(ready[0], &byte, 1) != 1) return 1;
  for (int i = 0; i < 3; ++i) {
    int status = 0;
    kill(child, SIGSTOP);
    if (waitpid(child, &status, WUNTRACED) != child) return 1;
    if (!WIFSTOPPED(status)) return status;  // on a slow machine it may have ended by itself
    usleep(100);
    kill(child, SIGCONT);
    usleep(100);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}
