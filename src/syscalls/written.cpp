#include "syscalls/written.h"

#include <sys/syscall.h>
#include <xxhash.h>

#include <algorithm>
#include <memory>

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

std::uint32_t digest_of_written(const SyscallView& call, const MemoryPeek& peek) {
  const std::vector<MemoryRange> ranges = written_by(call, peek);
  if (ranges.empty()) return 0;
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(),
                                                                       &XXH3_freeState);
  XXH3_64bits_reset(state.get());
  Bytes part(65536);
  for (const MemoryRange& range : ranges) {
    for (std::uint64_t done = 0; done < range.length;) {
      const std::size_t size = std::min<std::uint64_t>(part.size(), range.length - done);
      const std::size_t got = peek(range.at + done, std::span(part).first(size));
      if (got == 0) break;
      XXH3_64bits_update(state.get(), part.data(), got);
      done += got;
    }
  }
  return std::max(std::uint32_t(XXH3_64bits_digest(state.get())), 1u);
}

}  // namespace ttrace
