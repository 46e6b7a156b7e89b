#include <fmt/core.h>
#include <linux/sched.h>
#include <linux/sockios.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "syscalls/peek.h"
#include "syscalls/requests.h"
#include "syscalls/special.h"
#include "syscalls/table.h"

namespace ttrace {
namespace {

using Refusal = std::optional<std::string>;

// --- ioctl ------------------------------------------------------------------------------------

/// Drivers whose requests point to more memory than their numbers tell.
struct IoctlFamily {
  std::uint8_t type;
  const char* name;
};
constexpr std::array kPointerFamilies{
    IoctlFamily{'A', "ALSA"}, IoctlFamily{'d', "DRM"},    IoctlFamily{'U', "USB"},
    IoctlFamily{'V', "V4L2"}, IoctlFamily{0x94, "btrfs"}, IoctlFamily{0xae, "KVM"},
};

/// A request without a row of its own.
Refusal refuse_unknown_ioctl(std::uint32_t request) {
  const bool says_size = request >> 30 != 0;
  if (!says_size) return fmt::format("ioctl {:#x}", request);
  for (const IoctlFamily& family : kPointerFamilies) {
    if (family.type == ((request >> 8) & 0xff)) {
      return fmt::format("ioctl {:#x} ({})", request, family.name);
    }
  }
  return std::nullopt;
}

// --- prctl, seccomp -----------------------------------------------------------------------------

/// Refused requests that fail in the kernel, or do nothing, with these arguments: probes.
bool is_harmless(const SyscallView& call, std::uint32_t request) {
  constexpr std::uint32_t kUserDispatch = 59;
  if (call.number == SYS_seccomp) return call.args[1] != 0 || call.args[2] != 0;
  if (call.number != SYS_prctl) return false;
  return request == kUserDispatch && call.args[1] == 0;
}

/// Options that are fine but for some of their values.
Refusal refuse_prctl_value(const SyscallView& call) {
  constexpr std::uint32_t kSetMm = 35, kSetSeccomp = 22, kStrictMode = 1;
  constexpr std::uint64_t kStartBrk = 6, kBrk = 7, kMap = 14;
  const std::uint32_t option = request_of(call);
  if (option == kSetSeccomp && call.args[1] == kStrictMode) return "prctl PR_SET_SECCOMP 1";
  if (option == kSetMm &&
      (call.args[1] == kStartBrk || call.args[1] == kBrk || call.args[1] == kMap)) {
    return fmt::format("prctl PR_SET_MM {}", call.args[1]);
  }
  return std::nullopt;
}

Refusal refuse_request(const SyscallView& call, const MemoryPeek& peek) {
  const std::uint32_t request = request_of(call);
  if (call.number == SYS_ioctl && request == SIOCETHTOOL && !is_described_ethtool(call, peek)) {
    return "ioctl SIOCETHTOOL";
  }
  const RequestRow* row = request_row(call);
  if (row && row->refused && !is_harmless(call, request)) {
    return fmt::format("{} {}", syscall_name(call.number), row->name);
  }
  if (call.number == SYS_prctl && row) return refuse_prctl_value(call);
  constexpr std::uint32_t kSetModeFilter = 1, kNewListener = 8;
  if (call.number == SYS_seccomp && request == kSetModeFilter && (call.args[1] & kNewListener) &&
      call.args[2] != 0) {
    return "seccomp SECCOMP_FILTER_FLAG_NEW_LISTENER";
  }
  if (row || !unknown_requests_are_refused(call.number)) return std::nullopt;
  if (call.number == SYS_ioctl) return refuse_unknown_ioctl(request);
  return fmt::format("{} {}", syscall_name(call.number), request);
}

// --- clone, unshare -----------------------------------------------------------------------------

struct Flag {
  std::uint64_t bit;
  const char* name;
};
/// CSIGNAL's bits mean something else to clone.
constexpr Flag kNewTime{0x80, "CLONE_NEWTIME"};
constexpr std::array kNamespaces{
    Flag{CLONE_NEWNS, "CLONE_NEWNS"},     Flag{CLONE_NEWCGROUP, "CLONE_NEWCGROUP"},
    Flag{CLONE_NEWUTS, "CLONE_NEWUTS"},   Flag{CLONE_NEWIPC, "CLONE_NEWIPC"},
    Flag{CLONE_NEWUSER, "CLONE_NEWUSER"}, Flag{CLONE_NEWPID, "CLONE_NEWPID"},
    Flag{CLONE_NEWNET, "CLONE_NEWNET"},
};

Refusal refuse_clone_flags(const char* call, std::uint64_t flags) {
  for (const Flag& flag : kNamespaces) {
    if (flags & flag.bit) return fmt::format("{} {}", call, flag.name);
  }
  return std::nullopt;
}

Refusal refuse_clone(const SyscallView& call, const MemoryPeek&) {
  return refuse_clone_flags("clone", call.args[0]);
}

Refusal refuse_clone3(const SyscallView& call, const MemoryPeek& peek) {
  const auto flags = peek_value<std::uint64_t>(peek, call.args[0]);
  if (!flags) return std::nullopt;  // EFAULT
  if (*flags & kNewTime.bit) return fmt::format("clone3 {}", kNewTime.name);
  // clone's is taken off the argument, which is here in the program's memory.
  if (*flags & CLONE_UNTRACED) return "clone3 CLONE_UNTRACED";
  return refuse_clone_flags("clone3", *flags);
}

/// Other namespaces change what later calls answer, not what their answers mean.
Refusal refuse_unshare(const SyscallView& call, const MemoryPeek&) {
  if (call.args[0] & CLONE_NEWPID) return "unshare CLONE_NEWPID";
  return std::nullopt;
}

// --- memory -------------------------------------------------------------------------------------

Refusal refuse_personality(const SyscallView& call, const MemoryPeek&) {
  constexpr std::uint32_t kQuery = 0xffffffff, kReadImpliesExec = 0x0400000;
  const auto persona = std::uint32_t(call.args[0]);
  if (persona != kQuery && (persona & kReadImpliesExec)) return "personality READ_IMPLIES_EXEC";
  return std::nullopt;
}

// --- sockets ------------------------------------------------------------------------------------

constexpr std::uint64_t kIp = 0, kTcp = 6, kIpv6 = 41;

Refusal refuse_setsockopt(const SyscallView& call, const MemoryPeek&) {
  constexpr std::uint64_t kReplaceTables = 64;
  const bool ip = call.args[1] == kIp || call.args[1] == kIpv6;
  if (ip && call.args[2] == kReplaceTables) return "setsockopt IPT_SO_SET_REPLACE";
  return std::nullopt;
}

Refusal refuse_getsockopt(const SyscallView& call, const MemoryPeek&) {
  constexpr std::uint64_t kZeroCopyReceive = 35;
  if (call.args[1] == kTcp && call.args[2] == kZeroCopyReceive) {
    return "getsockopt TCP_ZEROCOPY_RECEIVE";
  }
  return std::nullopt;
}

struct RefusalRow {
  std::int32_t number;
  Refusal (*refuse)(const SyscallView&, const MemoryPeek&);
};
constexpr std::array kRefusalRows{
    RefusalRow{SYS_clone, refuse_clone},           RefusalRow{SYS_clone3, refuse_clone3},
    RefusalRow{SYS_unshare, refuse_unshare},       RefusalRow{SYS_personality, refuse_personality},
    RefusalRow{SYS_setsockopt, refuse_setsockopt}, RefusalRow{SYS_getsockopt, refuse_getsockopt},
};

}  // namespace

std::optional<std::string> refusal(const SyscallView& call, const MemoryPeek& peek) {
  const SyscallRow* row = syscall_row(call.number);
  if (!row) return std::nullopt;
  if (row->handling == Handling::refused) return fmt::format("system call {}", row->name);
  if (has_requests(call.number)) return refuse_request(call, peek);
  for (const RefusalRow& entry : kRefusalRows) {
    if (entry.number == call.number) return entry.refuse(call, peek);
  }
  return std::nullopt;
}

bool is_unknown_request(const SyscallView& call) {
  return has_requests(call.number) && request_row(call) == nullptr &&
         unknown_requests_are_refused(call.number);
}

bool says_unknown_request(std::int64_t result) {
  constexpr std::array kErrors{EINVAL, ENOTTY, ENOSYS, EOPNOTSUPP, EBADF};
  return std::any_of(kErrors.begin(), kErrors.end(), [&](int error) { return result == -error; });
}

}  // namespace ttrace
