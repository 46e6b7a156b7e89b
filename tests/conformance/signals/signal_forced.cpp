// Faults while their signal is blocked or ignored, or its handler cannot run: the process ends.
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

namespace {
int* volatile nowhere = nullptr;
void fault() { *nowhere = 1; }
}  // namespace

int main() {
  const rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  for (int how = 0; how < 4; ++how) {
    const pid_t child = fork();
    if (child == 0) {
      if (how == 0) {
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGSEGV);
        sigprocmask(SIG_BLOCK, &set, nullptr);
        fault();
      }
      if (how == 1) {
        signal(SIGSEGV, SIG_IGN);
        fault();
      }
      if (how == 2) {
        // Its own signal is masked in the handler.
        signal(SIGSEGV, [](int) { fault(); });
        fault();
      }
      if (how == 3) {
        // No stack for the frame.
        signal(SIGUSR1, [](int) { _exit(1); });
        const long pid = getpid();
        asm volatile("xor %%esp, %%esp; syscall" ::"a"(62L), "D"(pid), "S"(long{SIGUSR1})
                     : "rcx", "r11", "memory");
      }
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    std::printf("how %d: signal %d\n", how, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSEGV) return 1;
  }
}
