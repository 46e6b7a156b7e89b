#include <fmt/core.h>
#include <signal.h>
#include <string.h>

#include <array>

#include "syscalls/table.h"

namespace ttrace {
namespace {

struct Name {
  int number;
  const char* name;
};

/// Results between the kernel and itself, seen by a tracer only.
constexpr std::array<Name, 5> kRestarts{{
    {512, "ERESTARTSYS"},
    {513, "ERESTARTNOINTR"},
    {514, "ERESTARTNOHAND"},
    {515, "ENOIOCTLCMD"},
    {516, "ERESTART_RESTARTBLOCK"},
}};

/// The C library takes 32 and 33 for itself; programs count from 34.
constexpr int kFirstRealTime = 34;
constexpr int kLastSignal = 64;

}  // namespace

std::string errno_name(int error) {
  for (const Name& restart : kRestarts) {
    if (restart.number == error) return restart.name;
  }
  const char* name = error > 0 ? ::strerrorname_np(error) : nullptr;
  return name ? name : fmt::format("errno {}", error);
}

std::string signal_name(int signal) {
  if (signal == kFirstRealTime) return "SIGRTMIN";
  if (signal > kFirstRealTime && signal <= kLastSignal) {
    return fmt::format("SIGRTMIN+{}", signal - kFirstRealTime);
  }
  if (signal == SIGIO) return "SIGIO";
  const char* name = signal > 0 && signal < 32 ? ::sigabbrev_np(signal) : nullptr;
  return name ? fmt::format("SIG{}", name) : fmt::format("signal {}", signal);
}

}  // namespace ttrace
