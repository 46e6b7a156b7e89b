#include "cli/interrupts.h"

namespace ttrace {
namespace {

// A signal handler has no other way to its data. Nothing else writes these.
std::atomic<bool> g_interrupted{false};
std::atomic<int> g_signal{0};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

void note(int signal) {
  int none = 0;
  g_signal.compare_exchange_strong(none, signal);
  g_interrupted = true;
}

void do_nothing(int) {}

}  // namespace

Interrupts::Interrupts() {
  g_interrupted = false;
  g_signal = 0;
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    sigaction(kSignals[i], nullptr, &before_[i]);
    if (before_[i].sa_handler == SIG_IGN) continue;
    // No SA_RESTART: a wait comes back at once.
    struct sigaction action {};
    action.sa_handler = note;
    sigemptyset(&action.sa_mask);
    sigaction(kSignals[i], &action, nullptr);
  }
}

Interrupts::~Interrupts() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &before_[i], nullptr);
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
