// A seccomp filter of the program's own that makes calls fail: by number, by argument, and twice.
#include "filter.h"

int main() {
  OBSERVE(prctl(PR_GET_SECCOMP) == 0);
  filter_call(SYS_getppid, SECCOMP_RET_ERRNO | ENOTTY);
  OBSERVE(prctl(PR_GET_SECCOMP) == 2);
  OBSERVE(syscall(SYS_getppid) == -1 && errno == ENOTTY);
  OBSERVE(syscall(SYS_getpid) > 0);

  // Another filter on top: both are asked, the strictest answer wins, of equals the youngest.
  filter_call(SYS_getppid, SECCOMP_RET_ERRNO | EDOM);
  OBSERVE(syscall(SYS_getppid) == -1 && errno == EDOM);
  filter_call(SYS_getppid, SECCOMP_RET_ALLOW);
  OBSERVE(syscall(SYS_getppid) == -1 && errno == EDOM);

  // By the low and the high half of an argument.
  sock_filter by_argument[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_lseek, 0, 5),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[1]) + 4),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x12, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[1])),
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xfff),
      BPF_STMT(BPF_RET | BPF_A, 0),  // 0x00050000 | errno, if the argument says so
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  by_argument[5] = BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x5ffff);
  const sock_fprog program = {8, by_argument};
  OBSERVE(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0);
  OBSERVE(lseek(0, 0x1200050000 + EXDEV, SEEK_CUR) == -1 && errno == EXDEV);
  OBSERVE(lseek(-1, 7, SEEK_CUR) == -1 && errno == EBADF);
  // 0: a result without the call.
  OBSERVE(lseek(-1, 0x1200050000, SEEK_CUR) == 0);
  std::puts("filtered");
}
