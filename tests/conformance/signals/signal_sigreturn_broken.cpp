// A handler returns through a frame that it spoiled: the kernel ends the process with SIGSEGV.
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "observe.h"

namespace {
volatile int what = 0;
void spoil(int, siginfo_t*, void* pointer) {
  auto* context = static_cast<ucontext_t*>(pointer);
  if (what == 0) context->uc_mcontext.gregs[REG_RIP] = 16;
  if (what == 1) context->uc_mcontext.fpregs = reinterpret_cast<fpregset_t>(64);
  if (what == 2) context->uc_mcontext.gregs[REG_RSP] = 32;
  if (what == 3) context->uc_mcontext.gregs[REG_RIP] = greg_t(0x8000000000000000);
}
}  // namespace

int main() {
  const rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  struct sigaction action = {};
  action.sa_sigaction = spoil;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGUSR1, &action, nullptr);
  // Some times each: chaos walks on from few of them.
  for (int i = 0; i < 40; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      what = i % 4;
      raise(SIGUSR1);
      _exit(7);
    }
    int status = 0;
    OBSERVE(waitpid(child, &status, 0) == child);
    std::printf("%d: %s %d\n", i, WIFSIGNALED(status) ? "signal" : "exit",
                WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
  }
}
