// Endless recursion is caught on an alternate signal stack; the process then ends itself.
#include <signal.h>
#include <unistd.h>

#include "observe.h"

static char alternate[64 << 10];

[[gnu::noinline]] static unsigned descend(volatile char* above, unsigned value) {
  volatile char frame[8000];
  frame[0] = above[0];
  unsigned below = value == ~0u ? 0 : descend(frame, value + 1);
  return below + static_cast<unsigned>(frame[0]);
}

int main() {
  stack_t stack = {};
  stack.ss_sp = alternate;
  stack.ss_size = sizeof alternate;
  OBSERVE(sigaltstack(&stack, nullptr) == 0);
  struct sigaction action = {};
  action.sa_handler = [](int) {
    const char text[] = "stack exhausted\n";
    _exit(write(1, text, sizeof text - 1) > 0 ? 5 : 6);
  };
  action.sa_flags = SA_ONSTACK;
  OBSERVE(sigaction(SIGSEGV, &action, nullptr) == 0);
  char first = 0;
  std::printf("%u\n", descend(&first, 0));
}
