// Endless recursion ends at the stack's guard; the handler runs on the alternate stack.
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <vector>

namespace {
volatile uintptr_t lowest;
volatile int depth = 0;

void handler(int, siginfo_t* info, void*) {
  const auto fault = reinterpret_cast<uintptr_t>(info->si_addr);
  std::printf("overflow at depth %d, near the last frame %d\n", depth,
              fault < lowest && lowest - fault < 65536);
  std::fflush(stdout);
  _exit(depth > 100 ? 5 : 1);
}

__attribute__((noinline)) int recurse(int n) {
  volatile char frame[4000];
  frame[0] = static_cast<char>(n);
  lowest = reinterpret_cast<uintptr_t>(&frame[0]);
  depth = n;
  return n < 0 ? 0 : recurse(n + 1) + frame[0];
}
}  // namespace

int main() {
  static std::vector<char> memory(65536);
  stack_t stack = {};
  stack.ss_sp = memory.data();
  stack.ss_size = memory.size();
  sigaltstack(&stack, nullptr);
  struct sigaction action = {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigaction(SIGSEGV, &action, nullptr);
  return recurse(1);
}
