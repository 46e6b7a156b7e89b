#pragma once

#include <signal.h>

#include <array>
#include <atomic>

namespace ttrace {

/// While it lives, SIGINT, SIGTERM and SIGHUP do not end this process but are noted, so that what
/// was found so far can be told. A signal that was ignored before (nohup) stays ignored. At most
/// one object at a time.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  /// True from the first signal on.
  const std::atomic<bool>* flag() const;
  /// The first signal, or 0.
  int signal() const;

 private:
  static constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP};
  std::array<struct sigaction, kSignals.size()> before_{};
};

/// Makes a write to a closed pipe, or beyond the file size limit, an error instead of the end of
/// this process. Programs that it executes do not inherit that, as they would inherit an ignored
/// signal.
void survive_failed_writes();

}  // namespace ttrace
