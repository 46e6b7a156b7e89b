// Vector registers and the direction of the stack survive a handler that uses them.
#include <immintrin.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>

namespace {
volatile sig_atomic_t handled = 0;

void handler(int) {
  asm volatile("pcmpeqd %%xmm7, %%xmm7; pcmpeqd %%xmm0, %%xmm0" ::: "xmm0", "xmm7");
  handled = handled + 1;
}
}  // namespace

int main() {
  signal(SIGUSR1, handler);
  const long pid = getpid();
  long result = 62;  // kill
  double in = 12.5, out = 0;
  asm volatile("movsd %2, %%xmm7\n syscall\n movsd %%xmm7, %1"
               : "+a"(result), "=m"(out)
               : "m"(in), "D"(pid), "S"(static_cast<long>(SIGUSR1))
               : "rcx", "r11", "xmm7", "memory");
  std::printf("result %ld, handled %d, out %g\n", result, handled, out);
  return handled != 1 || out != in;
}
