#include "syscalls/written.h"

#include <sys/syscall.h>

#include <algorithm>

namespace ttrace {

std::vector<MemoryRange> written_by(const SyscallView& call, const MemoryPeek& peek) {
  std::vector<MemoryRange> ranges;
  if (call.result <= 0) return ranges;
  auto left = std::uint64_t(call.result);
  if (call.number == SYS_write || call.number == SYS_pwrite64) {
    ranges.push_back({Address(call.args[1]), std::min(left, call.args[2])});
  } else if (call.number == SYS_writev) {
    constexpr std::uint64_t kMostVectors = 1024;  // UIO_MAXIOV
    for (std::uint64_t i = 0; i < std::min(call.args[2], kMostVectors) && left > 0; ++i) {
      std::array<std::uint64_t, 2> vector{};  // struct iovec
      const Address at(call.args[1] + i * sizeof vector);
      if (peek(at, std::as_writable_bytes(std::span(vector))) != sizeof vector) break;
      const std::uint64_t length = std::min(vector[1], left);
      ranges.push_back({Address(vector[0]), length});
      left -= length;
    }
  }
  return ranges;
}

}  // namespace ttrace
