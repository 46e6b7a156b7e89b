#pragma once

#include <signal.h>
#include <sys/time.h>
#include <ucontext.h>

#include "observe.h"

/// SIGALRM every 300 us while it exists, with a handler that gets its context.
class OftenInterrupted {
 public:
  explicit OftenInterrupted(void (*handler)(int, siginfo_t*, void*)) {
    struct sigaction action {};
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    OBSERVE(sigaction(SIGALRM, &action, nullptr) == 0);
    set_timer({{0, 300}, {0, 300}});
  }
  ~OftenInterrupted() { set_timer({}); }
  OftenInterrupted(const OftenInterrupted&) = delete;
  OftenInterrupted& operator=(const OftenInterrupted&) = delete;

 private:
  static void set_timer(const itimerval& interval) {
    OBSERVE(setitimer(ITIMER_REAL, &interval, nullptr) == 0);
  }
};

/// Whether a handler's context shows the recorder's agent instead of the program.
inline bool shows_agent(const void* context) {
  const auto is_agents = [](unsigned long address) { return address - 0x70000000 < 0x100000; };
  const auto& registers = static_cast<const ucontext_t*>(context)->uc_mcontext.gregs;
  return is_agents((unsigned long)registers[REG_RIP]) ||
         is_agents((unsigned long)registers[REG_RSP]);
}
