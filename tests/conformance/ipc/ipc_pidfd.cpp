// pidfds in full: from clone3, polled by epoll beside pipes, a descriptor taken out of another
// process with pidfd_getfd, waited for with P_PIDFD, signals through them.
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>

#include "observe.h"

int main() {
  int ready[2];
  OBSERVE(pipe(ready) == 0);
  int pidfd = -1;
  clone_args args{};
  args.flags = CLONE_PIDFD;
  args.pidfd = reinterpret_cast<uint64_t>(&pidfd);
  args.exit_signal = SIGCHLD;
  const auto child = pid_t(syscall(SYS_clone3, &args, sizeof args));
  if (child == 0) {
    int secret[2];
    OBSERVE(pipe(secret) == 0 && write(secret[1], "secret", 6) == 6);
    OBSERVE(write(ready[1], &secret[0], sizeof(int)) == sizeof(int));
    for (;;) pause();
  }
  OBSERVE(child > 0 && pidfd >= 0);
  int number = -1;
  OBSERVE(read(ready[0], &number, sizeof number) == sizeof number);
  pollfd ended = {pidfd, POLLIN, 0};
  OBSERVE(poll(&ended, 1, 0) == 0);
  const long taken = syscall(SYS_pidfd_getfd, pidfd, number, 0);
  char text[8] = {};
  if (taken >= 0) OBSERVE(read(int(taken), text, 6) == 6);
  std::printf("%s\n", taken >= 0 ? text : strerrorname_np(errno));
  OBSERVE(syscall(SYS_pidfd_send_signal, pidfd, 0, nullptr, 0) == 0);
  OBSERVE(syscall(SYS_pidfd_send_signal, pidfd, SIGTERM, nullptr, 0) == 0);
  OBSERVE(poll(&ended, 1, -1) == 1);
  siginfo_t info{};
  OBSERVE(waitid(P_PIDFD, id_t(pidfd), &info, WEXITED) == 0);
  std::printf("%d %d\n", info.si_code == CLD_KILLED, info.si_status);
  OBSERVE(syscall(SYS_pidfd_send_signal, pidfd, 0, nullptr, 0) == -1);
  std::printf("%s\n", strerrorname_np(errno));
}
