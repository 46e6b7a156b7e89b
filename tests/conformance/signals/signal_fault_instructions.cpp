// Instructions that fault for different reasons: privileged ones, a port, unmasked x87 and SSE
// exceptions, unaligned access with the alignment check, overflow of a division, int n.
#include <fenv.h>
#include <setjmp.h>
#include <signal.h>
#include <xmmintrin.h>

#include "observe.h"

namespace {
sigjmp_buf back;
volatile int seen_signal, seen_code;
void handler(int number, siginfo_t* info, void*) {
  seen_signal = number;
  seen_code = info->si_code;
  siglongjmp(back, 1);
}

template <class Work>
void attempt(const char* what, Work work) {
  seen_signal = 0;
  if (sigsetjmp(back, 1) == 0) work();
  asm volatile("pushfq; andl $~0x40000, (%%rsp); popfq" ::: "cc", "memory");
  feclearexcept(FE_ALL_EXCEPT);
  _mm_setcsr(0x1f80);
  asm volatile("fninit");
  std::printf("%s: signal %d, code %d\n", what, seen_signal, seen_code);
}
}  // namespace

int main() {
  struct sigaction action = {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO;
  const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
  for (const int number : numbers) sigaction(number, &action, nullptr);
  attempt("hlt", [] { asm volatile("hlt"); });
  attempt("cli", [] { asm volatile("cli"); });
  attempt("in", [] { asm volatile("in $0x80, %%al" ::: "eax"); });
  attempt("rdmsr", [] { asm volatile("rdmsr" ::"c"(0x10) : "eax", "edx"); });
  attempt("rdpmc", [] { asm volatile("rdpmc" ::"c"(0) : "eax", "edx"); });
  attempt("ud2", [] { asm volatile("ud2"); });
  attempt("int 0x42", [] { asm volatile("int $0x42"); });
  attempt("int3", [] { asm volatile("int3"); });
  attempt("division", [] {
    asm volatile("idivl %0" ::"r"(1), "a"(0x80000000u), "d"(0x7fffffff) : "cc");
  });
  attempt("x87", [] {
    volatile long double zero = 0;
    feenableexcept(FE_DIVBYZERO);
    volatile long double result = 1 / zero;
    asm volatile("fwait");
    (void)result;
  });
  attempt("SSE", [] {
    _mm_setcsr(0x1f80 & ~0x0200u);
    volatile double zero = 0, result = 1 / zero;
    (void)result;
  });
  attempt("alignment", [] {
    char bytes[16] = {};
    asm volatile("pushfq; orl $0x40000, (%%rsp); popfq; movl 1(%0), %%eax" ::"r"(
                     reinterpret_cast<size_t>(bytes) | 8)
                 : "eax", "cc", "memory");
  });
  attempt("aligned vectors", [] {
    alignas(16) char bytes[32] = {};
    asm volatile("movaps 1(%0), %%xmm0" ::"r"(bytes) : "xmm0");
  });
  attempt("not canonical", [] { asm volatile("jmp *%0" ::"r"(0x8000000000000000ul)); });
}
