// set_tid_address: the kernel clears that word when the thread ends, and only if others see it.
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "observe.h"

int main() {
  static pid_t word = -1;
  std::thread([] {
    OBSERVE(syscall(SYS_set_tid_address, &word) == gettid());
    // The C library waits for its own word: end without it.
    syscall(SYS_exit, 0);
  }).detach();
  for (pid_t now; (now = __atomic_load_n(&word, __ATOMIC_SEQ_CST)) != 0;) {
    syscall(SYS_futex, &word, FUTEX_WAIT, now, nullptr, nullptr, 0);
  }
  std::printf("cleared\n");

  auto* shared = static_cast<pid_t*>(
      mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  *shared = 77;
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    syscall(SYS_set_tid_address, shared);
    _exit(0);
  }
  OBSERVE(waitpid(child, nullptr, 0) == child);
  std::printf("of a process alone in its memory: %d\n", *shared);  // left alone by the kernel
}
