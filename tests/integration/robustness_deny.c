/* Runs a program that may not use some system calls:
 *   robustness_deny NAME[,NAME]... PROGRAM ARGUMENTS
 * They are answered with EPERM, as the filter of a container does it. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

struct call {
  const char* name;
  unsigned number;
};

static const struct call kCalls[] = {
    {"ptrace", SYS_ptrace},
    {"seccomp", SYS_seccomp},
    {"prctl", SYS_prctl},
    {"personality", SYS_personality},
    {"process_vm_readv", SYS_process_vm_readv},
    {"process_vm_writev", SYS_process_vm_writev},
    {"sched_setaffinity", SYS_sched_setaffinity},
    {"memfd_create", SYS_memfd_create},
    {"pidfd_open", SYS_pidfd_open},
    {"kcmp", SYS_kcmp},
    {"fork", SYS_clone},
    {"setpgid", SYS_setpgid},
    {"timer_create", SYS_timer_create},
};

static int find(const char* name, size_t length) {
  for (size_t i = 0; i < sizeof kCalls / sizeof kCalls[0]; ++i) {
    if (strlen(kCalls[i].name) == length && memcmp(kCalls[i].name, name, length) == 0) {
      return (int)kCalls[i].number;
    }
  }
  return -1;
}

int main(int argc, char** argv) {
  struct sock_filter code[64];
  unsigned short size = 0;
  if (argc < 3) return 99;
  code[size++] =
      (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
  for (const char* name = argv[1]; *name;) {
    const size_t length = strcspn(name, ",");
    const int number = find(name, length);
    if (number < 0) {
      fprintf(stderr, "robustness_deny: unknown: %s\n", name);
      return 99;
    }
    code[size++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1);
    code[size++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
    name += length;
    if (*name == ',') ++name;
  }
  code[size++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  const struct sock_fprog filter = {size, code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0) {
    perror("robustness_deny");
    return 98;
  }
  execv(argv[2], argv + 2);
  perror(argv[2]);
  return 97;
}
