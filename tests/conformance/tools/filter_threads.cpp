// Seccomp filters and threads: one of a thread's own, inherited ones, one for all threads at once
// (SECCOMP_FILTER_FLAG_TSYNC), and one that ends a single thread.
#include <pthread.h>
#include <semaphore.h>

#include <thread>

#include "filter.h"

static bool is_filtered() { return syscall(SYS_getppid) == -1 && errno == ENOTTY; }

int main() {
  std::thread([] {
    filter_call(SYS_getppid, SECCOMP_RET_ERRNO | ENOTTY);
    OBSERVE(is_filtered());
    std::thread([] { OBSERVE(is_filtered()); }).join();
  }).join();
  OBSERVE(!is_filtered());

  sem_t wait, go;
  sem_init(&wait, 0, 0);
  sem_init(&go, 0, 0);
  std::thread other([&] {
    OBSERVE(!is_filtered());
    sem_post(&wait);
    sem_wait(&go);
    OBSERVE(is_filtered());
  });
  sem_wait(&wait);
  sock_filter steps[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOTTY),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program = {4, steps};
  OBSERVE(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  OBSERVE(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0);
  OBSERVE(is_filtered());
  sem_post(&go);
  other.join();

  // Killed alone: the kernel clears its thread id, so that it can be joined.
  bool after = false;
  std::thread doomed([&] {
    filter_call(SYS_getpgrp, SECCOMP_RET_KILL_THREAD);
    std::puts("one thread ends");
    std::fflush(stdout);
    syscall(SYS_getpgrp);
    after = true;
  });
  doomed.join();
  OBSERVE(!after);
  std::puts("the others live");
}
