// clone's rarer flags and its errors: a child whose parent is ours, shared handlers without a
// shared process, shared files, another signal at its end, combinations that the kernel refuses.
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "observe.h"

namespace {
volatile sig_atomic_t handled = 0;
alignas(16) char stack[65536];

long raw(unsigned long flags) { return syscall(SYS_clone, flags, 0, nullptr, nullptr, 0); }

void show(const char* what, long result) {
  std::printf("%s: %s\n", what, result < 0 ? strerrorname_np(errno) : "made");
}
}  // namespace

int main() {
  show("thread without handlers", raw(CLONE_THREAD));
  show("handlers without memory", raw(CLONE_SIGHAND));
  show("clone3 of nothing", syscall(SYS_clone3, nullptr, 64));
  clone_args args{};
  args.exit_signal = 99;
  show("clone3 with signal 99", syscall(SYS_clone3, &args, sizeof args));
  show("clone3, too small", syscall(SYS_clone3, &args, 8));

  signal(SIGUSR1, [](int) { handled = handled + 1; });
  int status = 0;
  // Its end is told by another signal; such a child is waited for with __WCLONE.
  long child = raw(SIGUSR1);
  if (child == 0) _exit(5);
  OBSERVE(waitpid(pid_t(child), &status, 0) == -1 && errno == ECHILD);
  while (waitpid(pid_t(child), &status, __WCLONE) < 0) OBSERVE(errno == EINTR);
  std::printf("ended with %d, signals %d\n", WEXITSTATUS(status), int(handled));

  // A grandchild that is our child.
  int ends[2];
  OBSERVE(pipe(ends) == 0);
  child = fork();
  if (child == 0) {
    const long sister = raw(CLONE_PARENT | SIGCHLD);
    if (sister == 0) _exit(6);
    OBSERVE(write(ends[1], &sister, sizeof sister) == sizeof sister);
    _exit(0);
  }
  long sister = 0;
  OBSERVE(read(ends[0], &sister, sizeof sister) == sizeof sister);
  OBSERVE(waitpid(pid_t(sister), &status, 0) == sister);
  std::printf("the sister ends with %d\n", WEXITSTATUS(status));
  OBSERVE(waitpid(pid_t(child), &status, 0) == child);

  // Shared descriptors, and nothing else.
  child = raw(CLONE_FILES | SIGCHLD);
  if (child == 0) {
    OBSERVE(dup2(ends[0], 50) == 50);
    _exit(0);
  }
  OBSERVE(waitpid(pid_t(child), &status, 0) == child);
  std::printf("its descriptor is ours: %d\n", fcntl(50, F_GETFD) >= 0);

  // Shared memory and handlers, another process: what it sets, we have.
  static volatile int cell = 0;
  child = clone(
      [](void*) {
        cell = 7;
        signal(SIGUSR2, SIG_IGN);
        return 8;
      },
      stack + sizeof stack, CLONE_VM | CLONE_SIGHAND | CLONE_FS | CLONE_SYSVSEM | SIGCHLD, nullptr);
  OBSERVE(child > 0 && waitpid(pid_t(child), &status, 0) == child);
  struct sigaction now = {};
  OBSERVE(sigaction(SIGUSR2, nullptr, &now) == 0);
  std::printf("cell %d, ignored %d\n", cell, now.sa_handler == SIG_IGN);
}
