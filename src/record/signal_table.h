#pragma once

#include <array>
#include <cstdint>

namespace ttrace {

/// The kernel's struct sigaction (x86-64), as rt_sigaction(2) reads it.
struct KernelSigaction {
  std::uint64_t handler = 0;  ///< SIG_DFL 0, SIG_IGN 1, or an address
  std::uint64_t flags = 0;
  std::uint64_t restorer = 0;
  std::uint64_t mask = 0;
};
static_assert(sizeof(KernelSigaction) == 32);

/// What a process has told the kernel to do with each signal, followed call by call, because a
/// signal that the kernel forces destroys it (traps.md) and to know what a delivery will do.
class SignalTable {
 public:
  SignalTable() = default;
  /// With the signals that the process was started with as ignored (bit 0: signal 1).
  explicit SignalTable(std::uint64_t ignored);

  enum class Effect { handler, ignored, fatal, stop };

  const KernelSigaction& action(int signal) const { return actions_.at(std::size_t(signal)); }
  void set_action(int signal, const KernelSigaction& action) {
    actions_.at(std::size_t(signal)) = action;
  }
  /// Whether there is a handler for any signal.
  bool has_handler() const;
  /// What happens when the signal is delivered now (signal(7) for the defaults).
  Effect effect_of(int signal) const;
  /// A handler with SA_RESETHAND runs.
  void note_delivery(int signal);
  /// execve: handlers become the default, ignored signals stay ignored.
  void reset_for_exec();

 private:
  std::array<KernelSigaction, 65> actions_{};  ///< by number, 1..64
};

}  // namespace ttrace
