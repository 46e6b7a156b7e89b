#pragma once

#include <signal.h>

#include <atomic>
#include <utility>
#include <vector>

namespace ttrace {

/// While it lives, SIGINT, SIGTERM, SIGHUP and SIGQUIT do not end this process but are noted, so
/// that what was found so far can be told; other signals are survived. A signal that was ignored
/// before (nohup) stays ignored. Those that a recorded program sends to its process group, which
/// may be ours, are not meant for us. At most one object at a time.
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
  std::vector<std::pair<int, struct sigaction>> before_;
};

/// Makes a write to a closed pipe, or beyond the file size limit, an error instead of the end of
/// this process. Programs that it executes do not inherit that, as they would inherit an ignored
/// signal.
void survive_failed_writes();

}  // namespace ttrace
