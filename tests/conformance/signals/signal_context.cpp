// A handler that changes the interrupted registers: the result of the call, the mask, the place.
#include <signal.h>
#include <ucontext.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace {
volatile sig_atomic_t how = 0;

void elsewhere() {
  std::printf("elsewhere\n");
  std::exit(0);
}

void handler(int, siginfo_t*, void* context) {
  auto* const interrupted = static_cast<ucontext_t*>(context);
  greg_t* const registers = interrupted->uc_mcontext.gregs;
  if (how == 1) registers[REG_RBX] = 1234;
  if (how == 2) sigaddset(&interrupted->uc_sigmask, SIGUSR2);
  if (how == 3) {
    registers[REG_RIP] = reinterpret_cast<greg_t>(&elsewhere);
    registers[REG_RSP] = ((registers[REG_RSP] - 1024) & ~15LL) - 8;
  }
}
}  // namespace

int main() {
  struct sigaction action = {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGUSR1, &action, nullptr);
  sigaction(SIGSEGV, &action, nullptr);

  how = 1;
  long rbx = 5, result = 62;  // kill
  asm volatile("syscall"
               : "+b"(rbx), "+a"(result)
               : "D"(static_cast<long>(getpid())), "S"(static_cast<long>(SIGUSR1))
               : "rcx", "r11", "memory");
  std::printf("rbx %ld, result %ld\n", rbx, result);

  how = 2;
  raise(SIGUSR1);
  sigset_t mask;
  sigprocmask(SIG_SETMASK, nullptr, &mask);
  std::printf("SIGUSR2 masked %d\n", sigismember(&mask, SIGUSR2));
  if (rbx != 1234 || result != 0 || !sigismember(&mask, SIGUSR2)) return 1;

  how = 3;
  raise(SIGUSR1);
  return 1;
}
