// Children that end by signals of their own making; the parent sees which.
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace {
int* volatile nowhere = nullptr;
}

int main() {
  const rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  const int expected[] = {SIGSEGV, SIGABRT, SIGILL, SIGFPE, SIGTERM};
  for (int i = 0; i < 5; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      if (i == 0) *nowhere = 1;
      if (i == 1) std::abort();
      if (i == 2) __builtin_trap();
      if (i == 3) asm volatile("xor %%eax, %%eax; cltd; idiv %%eax" ::: "eax", "edx", "cc");
      if (i == 4) raise(SIGTERM);
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    std::printf("signal %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != expected[i]) return 1;
  }
}
