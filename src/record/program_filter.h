#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace ttrace {

/// What a program's own seccomp filters say about a call.
struct ProgramVerdict {
  std::uint32_t action = SECCOMP_RET_ALLOW;  ///< SECCOMP_RET_*, without data
  std::uint16_t data = 0;

  bool allows() const { return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG; }
};

/// A seccomp filter that a recorded program has installed, and those that it had before. The kernel
/// would take the strictest answer of all filters, and calls that it refuses would pass us unseen;
/// so it only gets to see a copy that allows everything (harmless_copy()), which it checks and
/// accepts as it would the original, and what the original says is found out here, at the stop that
/// every call makes.
class ProgramFilter {
 public:
  /// `program` was accepted by the kernel.
  ProgramFilter(std::vector<sock_filter> program, std::shared_ptr<const ProgramFilter> earlier)
      : program_(std::move(program)), earlier_(std::move(earlier)) {}

  /// The strictest answer of the whole chain; of equals, that of the youngest filter
  /// (seccomp_run_filters() of kernel/seccomp.c).
  ProgramVerdict ask(const seccomp_data& call) const;

  /// The same program, but every way through it ends in SECCOMP_RET_ALLOW.
  static std::vector<sock_filter> harmless_copy(std::span<const sock_filter> program);

 private:
  std::vector<sock_filter> program_;
  std::shared_ptr<const ProgramFilter> earlier_;
};

/// Executes a classic BPF program over the call. What the kernel would not accept ends it with
/// SECCOMP_RET_KILL_PROCESS; it always ends.
std::uint32_t run_filter(std::span<const sock_filter> program, const seccomp_data& call);

}  // namespace ttrace
