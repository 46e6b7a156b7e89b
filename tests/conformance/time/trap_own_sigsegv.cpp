// A handled SIGSEGV of the program's own, with its address, between two rdtscs that cause none.
#include <setjmp.h>
#include <signal.h>
#include <x86intrin.h>

#include "observe.h"

static sigjmp_buf back;
static void* volatile fault_address = nullptr;

int main() {
  struct sigaction action = {};
  action.sa_sigaction = [](int, siginfo_t* info, void*) {
    fault_address = info->si_addr;
    siglongjmp(back, 1);
  };
  action.sa_flags = SA_SIGINFO;
  OBSERVE(sigaction(SIGSEGV, &action, nullptr) == 0);
  unsigned long long before = __rdtsc();
  if (sigsetjmp(back, 1) == 0) {
    *reinterpret_cast<volatile int*>(0x1234) = 1;
    OBSERVE(!"reached");
  }
  OBSERVE(fault_address == reinterpret_cast<void*>(0x1234));
  unsigned long long after = __rdtsc();
  OBSERVE(after >= before);
  std::printf("%llu, fault at %p, %llu\n", before, fault_address, after);
}
