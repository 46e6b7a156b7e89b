// A handler on an alternate stack, and what sigaltstack says before, in and after it.
#include <signal.h>

#include <cstdio>
#include <vector>

namespace {
volatile sig_atomic_t inside = 0, flags_inside = 0;
std::vector<char> memory(65536);

void handler(int) {
  char local;
  inside = &local >= memory.data() && &local < memory.data() + memory.size();
  stack_t stack = {};
  sigaltstack(nullptr, &stack);
  flags_inside = stack.ss_flags;
}
}  // namespace

int main() {
  stack_t stack = {}, old = {};
  stack.ss_sp = memory.data();
  stack.ss_size = memory.size();
  if (sigaltstack(&stack, &old) != 0) return 1;
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_ONSTACK;
  sigaction(SIGUSR1, &action, nullptr);
  raise(SIGUSR1);
  sigaltstack(nullptr, &stack);
  std::printf("inside %d, flags: old %d, inside %d, after %d\n", inside, old.ss_flags, flags_inside,
              stack.ss_flags);
  return !inside || flags_inside != SS_ONSTACK || stack.ss_flags != 0;
}
