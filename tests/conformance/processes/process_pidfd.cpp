// pidfds: opened, polled, signalled, waited for.
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

int main() {
  const pid_t child = fork();
  if (child == 0) {
    for (;;) pause();
  }
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
  if (pidfd < 0) return 1;
  pollfd polled = {pidfd, POLLIN, 0};
  const int before = poll(&polled, 1, 0);
  const long sent = syscall(SYS_pidfd_send_signal, pidfd, SIGTERM, nullptr, 0);
  const int after = poll(&polled, 1, 5000);
  siginfo_t info = {};
  const int waited = waitid(P_PIDFD, static_cast<id_t>(pidfd), &info, WEXITED);
  std::printf("before %d, sent %ld, after %d, waited %d, signal %d\n", before, sent, after, waited,
              info.si_status);
  return before != 0 || sent != 0 || after != 1 || waited != 0 || info.si_status != SIGTERM;
}
