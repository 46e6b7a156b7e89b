// Faults of the program's own: a division by zero, an undefined instruction, its own int3. The
// handler sees the cause and steps over it.
#include <signal.h>
#include <ucontext.h>

#include <cstdio>
#include <initializer_list>

extern "C" char divide_here[], undefined_here[], trap_here[];

namespace {
volatile sig_atomic_t number, code, at_cause;

void handler(int signal, siginfo_t* info, void* context) {
  number = signal;
  code = info->si_code;
  greg_t& rip = static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP];
  char* const here = reinterpret_cast<char*>(rip);
  // A trap is reported behind its instruction, a fault at it.
  at_cause = here == divide_here || here == undefined_here || here == trap_here + 1;
  if (signal != SIGTRAP) rip += 2;
}

bool seen(const char* name, int expected) {
  std::printf("%s: signal %d, code %d, at its cause %d\n", name, number, code, at_cause);
  return number == expected && at_cause;
}
}  // namespace

int main() {
  struct sigaction action = {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO;
  for (int signal : {SIGFPE, SIGILL, SIGTRAP}) sigaction(signal, &action, nullptr);
  bool right = true;
  asm volatile("xor %%eax, %%eax; cltd\n .globl divide_here\n divide_here: idiv %%eax" ::
                   : "eax", "edx", "cc", "memory");
  right = seen("division", SIGFPE) && right;
  asm volatile(".globl undefined_here\n undefined_here: ud2" ::: "memory");
  right = seen("undefined", SIGILL) && right;
  asm volatile(".globl trap_here\n trap_here: int3" ::: "memory");
  right = seen("int3", SIGTRAP) && right;
  return !right;
}
