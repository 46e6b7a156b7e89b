#include "record/signal_table.h"

#include <signal.h>

#include <algorithm>

namespace ttrace {

namespace {
constexpr std::uint64_t kDefault = 0;
constexpr std::uint64_t kIgnore = 1;
constexpr std::uint64_t kResetHand = 0x80000000;
}  // namespace

SignalTable::SignalTable(std::uint64_t ignored) {
  for (std::size_t signal = 1; signal < actions_.size(); ++signal) {
    if (ignored >> (signal - 1) & 1) actions_[signal].handler = kIgnore;
  }
}

bool SignalTable::has_handler() const {
  return std::any_of(actions_.begin(), actions_.end(), [](const KernelSigaction& action) {
    return action.handler != kDefault && action.handler != kIgnore;
  });
}

SignalTable::Effect SignalTable::effect_of(int signal) const {
  const std::uint64_t handler = action(signal).handler;
  if (signal == SIGKILL) return Effect::fatal;
  if (signal == SIGSTOP) return Effect::stop;
  if (handler == kIgnore) return Effect::ignored;
  if (handler != kDefault) return Effect::handler;
  switch (signal) {
    case SIGCHLD:
    case SIGURG:
    case SIGWINCH:
    case SIGCONT:
      return Effect::ignored;
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
      return Effect::stop;
    default:
      return Effect::fatal;
  }
}

void SignalTable::note_delivery(int signal) {
  KernelSigaction& action = actions_.at(std::size_t(signal));
  if (action.flags & kResetHand) action.handler = kDefault;
}

void SignalTable::reset_for_exec() {
  for (KernelSigaction& action : actions_) {
    action = {.handler = action.handler == kIgnore ? kIgnore : kDefault};
  }
}

}  // namespace ttrace
