// Signals that arrive while the agent makes calls: handlers see the program's registers and stack,
// never the agent's, and the calls before and after them are right.
#include <signal.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#include <ctime>

#include "observe.h"

namespace {

volatile sig_atomic_t seen = 0;
volatile sig_atomic_t strange = 0;
unsigned long calls_in_handler = 0;

bool is_agents(unsigned long address) { return address - 0x70000000 < 0x100000; }

void handler(int, siginfo_t*, void* context) {
  const auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  if (is_agents((unsigned long)registers[REG_RIP]) || is_agents((unsigned long)registers[REG_RSP]))
    strange = 1;
  calls_in_handler += getppid() > 0;
  seen = seen + 1;
}

}  // namespace

int main() {
  struct sigaction action {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  OBSERVE(sigaction(SIGALRM, &action, nullptr) == 0);
  const itimerval often{{0, 300}, {0, 300}};
  OBSERVE(setitimer(ITIMER_REAL, &often, nullptr) == 0);
  const pid_t parent = getppid();
  unsigned long calls = 0;
  while (seen < 30) {
    OBSERVE(getppid() == parent);
    timespec now{};
    OBSERVE(clock_gettime(CLOCK_MONOTONIC, &now) == 0 && now.tv_nsec < 1000000000);
    ++calls;
  }
  const itimerval never{};
  OBSERVE(setitimer(ITIMER_REAL, &never, nullptr) == 0);
  OBSERVE(strange == 0);
  OBSERVE(calls_in_handler == (unsigned long)seen);
  std::printf("%lu calls, %d signals\n", calls, int(seen));
  return 0;
}
