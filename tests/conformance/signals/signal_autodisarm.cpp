// An alternate stack with SS_AUTODISARM is put away while a handler runs on it, so the handler may
// leave it by swapcontext; minimal and too small stacks.
#include <signal.h>
#include <sys/auxv.h>

#include "observe.h"

namespace {
constexpr int kAutodisarm = int(1u << 31);
alignas(16) char stack[65536];
void handler(int, siginfo_t*, void*) {
  stack_t now{};
  OBSERVE(sigaltstack(nullptr, &now) == 0);
  const char* here = reinterpret_cast<const char*>(&now);
  std::printf("in the handler: flags %x, on it: %d\n", now.ss_flags,
              here >= stack && here < stack + sizeof stack);
}
}  // namespace

int main() {
  struct sigaction action = {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigaction(SIGUSR1, &action, nullptr);
  constexpr int kFlags[] = {0, kAutodisarm};
  for (const int flags : kFlags) {
    stack_t alternate = {stack, flags, sizeof stack};
    OBSERVE(sigaltstack(&alternate, nullptr) == 0);
    raise(SIGUSR1);
    stack_t now{};
    OBSERVE(sigaltstack(nullptr, &now) == 0);
    std::printf("after it: flags %x, size %zu\n", now.ss_flags, now.ss_size);
  }
  stack_t small = {stack, 0, 1024};
  OBSERVE(sigaltstack(&small, nullptr) == -1 && errno == ENOMEM);
  stack_t wrong = {stack, 77, sizeof stack};
  OBSERVE(sigaltstack(&wrong, nullptr) == -1 && errno == EINVAL);
}
