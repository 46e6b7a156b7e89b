// A test of a sandbox, as test suites have them: each case in a child of its own, whose result the
// parent checks; a filter stays over fork and exec.
#include <fcntl.h>
#include <sys/wait.h>

#include "filter.h"

static int status_of(void (*body)()) {
  const pid_t child = fork();
  OBSERVE(child >= 0);
  if (child == 0) {
    body();
    _exit(0);
  }
  int status = 0;
  OBSERVE(waitpid(child, &status, 0) == child);
  return status;
}

int main(int argc, char**) {
  if (argc > 1) {
    // The program that was executed under a filter.
    std::puts(open("/dev/null", O_RDONLY) < 0 && errno == ENODEV ? "filtered" : "not filtered");
    OBSERVE(prctl(PR_GET_SECCOMP) == 2);
    return 3;
  }
  OBSERVE(status_of([] {
            filter_call(SYS_mkdir, SECCOMP_RET_ERRNO | EPERM);
            OBSERVE(status_of([] {
                      OBSERVE(syscall(SYS_mkdir, "/tmp", 0700) == -1 && errno == EPERM);
                      _exit(9);
                    }) == 9 << 8);
          }) == 0);
  OBSERVE(status_of([] {
            sock_filter steps[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3),
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[2])),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, O_RDONLY, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENODEV),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
            };
            const sock_fprog program = {6, steps};
            OBSERVE(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
            OBSERVE(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
            execl("/proc/self/exe", "tests", "again", nullptr);
          }) == 3 << 8);
  OBSERVE(prctl(PR_GET_SECCOMP) == 0);
  std::puts("passed");
}
