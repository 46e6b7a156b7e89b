#include "tracee/time_trap.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#include <x86intrin.h>

#include <cerrno>

namespace ttrace {
namespace {

void set_trap(int mode) { prctl(PR_SET_TSC, mode, 0, 0, 0); }

/// rdtsc (0f 31) or rdtscp (0f 01 f9) somewhere in a library: execute it here. Anything else is a
/// real fault, which the default action shows when the instruction is executed again.
void help_out(int, siginfo_t*, void* raw) {
  const int saved = errno;
  auto& regs = static_cast<ucontext_t*>(raw)->uc_mcontext.gregs;
  const auto* text = reinterpret_cast<const unsigned char*>(regs[REG_RIP]);
  const bool plain = text[0] == 0x0f && text[1] == 0x31;
  const bool with_processor = text[0] == 0x0f && text[1] == 0x01 && text[2] == 0xf9;
  if (plain || with_processor) {
    const CounterReading reading = read_counter();
    regs[REG_RAX] = greg_t(std::uint32_t(reading.time));
    regs[REG_RDX] = greg_t(reading.time >> 32);
    if (with_processor) regs[REG_RCX] = reading.processor;
    regs[REG_RIP] += plain ? 2 : 3;
  } else {
    signal(SIGSEGV, SIG_DFL);
  }
  errno = saved;
}

}  // namespace

TimeTrap::TimeTrap() {
  struct sigaction action {};
  action.sa_sigaction = help_out;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGSEGV, &action, &former_action_);
  prctl(PR_GET_TSC, &former_, 0, 0, 0);
  set_trap(PR_TSC_SIGSEGV);
}

TimeTrap::~TimeTrap() {
  set_trap(former_);
  sigaction(SIGSEGV, &former_action_, nullptr);
}

void set_time_trap(bool traps) { set_trap(traps ? PR_TSC_SIGSEGV : PR_TSC_ENABLE); }

std::chrono::nanoseconds monotonic_time() {
  timespec now{};
  syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

CounterReading read_counter() {
  int mode = PR_TSC_ENABLE;
  prctl(PR_GET_TSC, &mode, 0, 0, 0);
  if (mode != PR_TSC_ENABLE) set_trap(PR_TSC_ENABLE);
  CounterReading reading;
  reading.time = __rdtscp(&reading.processor);
  if (mode != PR_TSC_ENABLE) set_trap(mode);
  return reading;
}

}  // namespace ttrace
