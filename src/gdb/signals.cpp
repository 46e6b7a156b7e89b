#include "gdb/signals.h"

#include <array>

namespace ttrace::gdb {
namespace {

constexpr int kUnknown = 143;

struct SignalRow {
  int gdb;
  const char* name;
};

// Index: the Linux number.
constexpr std::array<SignalRow, 32> kSignals{{
    {0, "no signal"}, {1, "SIGHUP"},           {2, "SIGINT"},   {3, "SIGQUIT"},   {4, "SIGILL"},
    {5, "SIGTRAP"},   {6, "SIGABRT"},          {10, "SIGBUS"},  {8, "SIGFPE"},    {9, "SIGKILL"},
    {30, "SIGUSR1"},  {11, "SIGSEGV"},         {31, "SIGUSR2"}, {13, "SIGPIPE"},  {14, "SIGALRM"},
    {15, "SIGTERM"},  {kUnknown, "SIGSTKFLT"}, {20, "SIGCHLD"}, {19, "SIGCONT"},  {17, "SIGSTOP"},
    {18, "SIGTSTP"},  {21, "SIGTTIN"},         {22, "SIGTTOU"}, {16, "SIGURG"},   {24, "SIGXCPU"},
    {25, "SIGXFSZ"},  {26, "SIGVTALRM"},       {27, "SIGPROF"}, {28, "SIGWINCH"}, {23, "SIGIO"},
    {32, "SIGPWR"},   {12, "SIGSYS"},
}};

}  // namespace

int gdb_signal(int linux_signal) {
  if (linux_signal >= 0 && linux_signal < int(kSignals.size())) {
    return kSignals[std::size_t(linux_signal)].gdb;
  }
  // The real-time signals: 33 to 63 came first in gdb's list, 32 and 64 were added at its end.
  if (linux_signal >= 33 && linux_signal <= 63) return linux_signal + 12;
  if (linux_signal == 32) return 77;
  if (linux_signal == 64) return 78;
  return kUnknown;
}

const char* signal_name(int linux_signal) {
  if (linux_signal >= 0 && linux_signal < int(kSignals.size())) {
    return kSignals[std::size_t(linux_signal)].name;
  }
  return "a real-time signal";
}

}  // namespace ttrace::gdb
