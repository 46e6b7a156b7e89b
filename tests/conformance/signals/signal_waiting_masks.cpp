// ppoll, pselect and epoll_pwait open the mask for the time of their wait only.
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace {
volatile sig_atomic_t got = 0;
void handler(int) { got = got + 1; }
}  // namespace

int main() {
  signal(SIGUSR1, handler);
  sigset_t set, open;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, &open);
  int ends[2];
  const int epoll = epoll_create1(0);
  if (pipe(ends) != 0 || epoll < 0) return 1;
  const timespec limit = {5, 0};
  for (int how = 0; how < 3; ++how) {
    raise(SIGUSR1);
    if (got != how) return 1;
    int result = 0;
    if (how == 0) {
      pollfd polled = {ends[0], POLLIN, 0};
      result = ppoll(&polled, 1, &limit, &open);
    } else if (how == 1) {
      fd_set files;
      FD_ZERO(&files);
      FD_SET(ends[0], &files);
      result = pselect(ends[0] + 1, &files, nullptr, nullptr, &limit, &open);
    } else {
      epoll_event event;
      result = epoll_pwait(epoll, &event, 1, 5000, &open);
    }
    const int error = errno;
    sigset_t now;
    sigprocmask(SIG_BLOCK, nullptr, &now);
    std::printf("result %d, errno %d, got %d, masked again %d\n", result, error, got,
                sigismember(&now, SIGUSR1));
    if (result != -1 || error != EINTR || got != how + 1 || !sigismember(&now, SIGUSR1)) return 1;
  }
}
