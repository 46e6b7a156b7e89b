#pragma once

#include <array>
#include <cstdint>

#include "base/types.h"
#include "tracee/memory.h"
#include "tracee/task.h"

namespace ttrace {

/// One page at a fixed address of every recorded and replayed address space, readable and
/// executable: a syscall instruction that our seccomp filter lets pass, and a buffer that the
/// supervisor fills through /proc/PID/mem for calls that take a pointer.
///
/// The address is below 2 GiB, above non-PIE programs, and below AddressSanitizer's shadow
/// (0x7fff8000).
inline constexpr Address kGatePage{0x70000000};
/// The syscall instruction.
inline constexpr Address kGateCode = kGatePage + 0x100;
/// Room for arguments of injected calls.
inline constexpr Address kGateData = kGatePage + 0x200;
inline constexpr std::uint64_t kGateDataSize = kPageSize - 0x200;

/// The page behind it is readable and writable: the tick counter lies there
/// (rewrite/tick_counter.h).
inline constexpr Address kGateWritable = kGatePage + kPageSize;
/// Both pages.
inline constexpr std::uint64_t kGateSize = 2 * kPageSize;

/// syscall; int3
inline constexpr std::array<std::uint8_t, 3> kGateInstructions = {0x0f, 0x05, 0xcc};

/// How an injected call is brought back to a stop.
enum class InjectBy {
  /// One single step: one stop. The kernel forces the SIGTRAP of a step, which resets the
  /// disposition
  /// of a SIGTRAP that the program blocks or ignores: for host processes of a replay only.
  step,
  /// The stops at the call's entry and exit, which force nothing.
  syscall_stops,
};

/// Executes one system call in a stopped thread through the gate page and restores its registers.
/// The thread must not stand at the entry of a system call. By syscall_stops, all signals are
/// blocked meanwhile, so that none is lost. Returns the result or -errno.
std::int64_t inject(Task task, InjectBy how, std::int64_t number,
                    const std::array<std::uint64_t, 6>& args);
/// The same through a syscall instruction at another place (before the gate page exists).
std::int64_t inject_at(Address code, Task task, InjectBy how, std::int64_t number,
                       const std::array<std::uint64_t, 6>& args);

/// Waits for the next stop of one thread, signals to this process notwithstanding.
int wait_for_stop(Tid tid);

}  // namespace ttrace
