// A seccomp filter that turns calls into SIGSYS; the handler answers them, as sandboxes do.
#include <signal.h>
#include <ucontext.h>

#include "filter.h"

static int handled;

static void answer(int signal, siginfo_t* info, void* context) {
  auto& regs = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  OBSERVE(signal == SIGSYS);
  OBSERVE(info->si_code == 1);  // SYS_SECCOMP
  OBSERVE(info->si_errno == 0x123);
  OBSERVE(info->si_syscall == SYS_getppid);
  OBSERVE(info->si_arch == 0xc000003e);  // AUDIT_ARCH_X86_64
  OBSERVE(regs[REG_RAX] == SYS_getppid);
  OBSERVE(regs[REG_RIP] == reinterpret_cast<long long>(info->si_call_addr));
  regs[REG_RAX] = 4000 + ++handled;
}

int main() {
  struct sigaction action = {};
  action.sa_sigaction = answer;
  action.sa_flags = SA_SIGINFO;
  OBSERVE(sigaction(SIGSYS, &action, nullptr) == 0);
  filter_call(SYS_getppid, SECCOMP_RET_TRAP | 0x123);
  for (int i = 1; i <= 3; ++i) OBSERVE(syscall(SYS_getppid) == 4000 + i);
  OBSERVE(handled == 3);
  std::puts("answered");
}
