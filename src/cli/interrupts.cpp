#include "cli/interrupts.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace ttrace {
namespace {

// A signal handler has no other way to its data. Nothing else writes these.
std::atomic<bool> g_interrupted{false};
std::atomic<int> g_signal{0};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

/// Whether we trace the process. Async-signal-safe.
bool is_traced_by_us(pid_t pid) {
  constexpr std::size_t kMostPath = 32;
  std::array<char, kMostPath> path{"/proc/"};
  std::array<char, kMostPath> digits{};
  std::size_t count = 0;
  for (auto left = unsigned(pid); left != 0; left /= 10) digits[count++] = char('0' + left % 10);
  std::size_t end = std::strlen(path.data());
  while (count > 0) path[end++] = digits[--count];
  std::copy_n("/status", sizeof "/status", path.begin() + std::ptrdiff_t(end));
  const int file = open(path.data(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  std::array<char, 1024> text{};
  const ssize_t size = read(file, text.data(), text.size() - 1);
  close(file);
  constexpr const char* kLabel = "TracerPid:";
  const char* const at = size > 0 ? std::strstr(text.data(), kLabel) : nullptr;
  return at != nullptr && pid_t(std::strtol(at + std::strlen(kLabel), nullptr, 10)) == getpid();
}

void note(int signal, siginfo_t* info, void* /*context*/) {
  const int error = errno;
  if (info->si_code > 0 || !is_traced_by_us(info->si_pid)) {
    int none = 0;
    g_signal.compare_exchange_strong(none, signal);
    g_interrupted = true;
  }
  errno = error;
}

void do_nothing(int) {}

/// What the kernel raises in us for a fault of our own.
bool is_of_a_fault(int signal) {
  constexpr std::array kFaults = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS};
  return std::find(kFaults.begin(), kFaults.end(), signal) != kFaults.end();
}

bool interrupts(int signal) {
  constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
  return std::find(kSignals.begin(), kSignals.end(), signal) != kSignals.end();
}

/// The others that would end this process.
bool ends(int signal) {
  constexpr std::array kHarmless = {SIGCHLD, SIGCONT, SIGURG, SIGWINCH};
  constexpr std::array kStops = {SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU};
  return signal != SIGKILL && !is_of_a_fault(signal) &&
         std::find(kHarmless.begin(), kHarmless.end(), signal) == kHarmless.end() &&
         std::find(kStops.begin(), kStops.end(), signal) == kStops.end();
}

}  // namespace

Interrupts::Interrupts() {
  g_interrupted = false;
  g_signal = 0;
  for (int signal = 1; signal <= SIGRTMAX; ++signal) {
    struct sigaction before {};
    if (!ends(signal) || sigaction(signal, nullptr, &before) != 0) continue;
    if (before.sa_handler != SIG_DFL) continue;
    // Handlers, unlike SIG_IGN, become the default again in what is executed.
    struct sigaction action {};
    sigemptyset(&action.sa_mask);
    if (interrupts(signal)) {
      action.sa_sigaction = note;
      action.sa_flags = SA_SIGINFO;  // no SA_RESTART: a wait comes back at once
    } else {
      action.sa_handler = do_nothing;
      action.sa_flags = SA_RESTART;
    }
    sigaction(signal, &action, nullptr);
    before_.emplace_back(signal, before);
  }
}

Interrupts::~Interrupts() {
  for (const auto& [signal, before] : before_) sigaction(signal, &before, nullptr);
}

const std::atomic<bool>* Interrupts::flag() const { return &g_interrupted; }
int Interrupts::signal() const { return g_signal; }

void survive_failed_writes() {
  for (const int signal : {SIGPIPE, SIGXFSZ}) {
    struct sigaction before {};
    sigaction(signal, nullptr, &before);
    if (before.sa_handler != SIG_DFL) continue;
    // A handler, unlike SIG_IGN, becomes the default again in what is executed.
    struct sigaction action {};
    action.sa_handler = do_nothing;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(signal, &action, nullptr);
  }
}

}  // namespace ttrace
