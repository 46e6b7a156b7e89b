#include "syscalls/written.h"

#include <sys/syscall.h>
#include <xxhash.h>

#include <algorithm>
#include <memory>

namespace ttrace {

namespace {

constexpr std::uint64_t kMostVectors = 1024;  // UIO_MAXIOV

/// The first `left` bytes of what `count` vectors at `at` point to.
std::vector<MemoryRange> in_vectors(std::uint64_t at, std::uint64_t count, std::uint64_t left,
                                    const MemoryPeek& peek) {
  std::vector<MemoryRange> ranges;
  for (std::uint64_t i = 0; i < std::min(count, kMostVectors) && left > 0; ++i) {
    std::array<std::uint64_t, 2> vector{};  // struct iovec
    const Address here(at + i * sizeof vector);
    if (peek(here, std::as_writable_bytes(std::span(vector))) != sizeof vector) break;
    const std::uint64_t length = std::min(vector[1], left);
    ranges.push_back({Address(vector[0]), length});
    left -= length;
  }
  return ranges;
}

}  // namespace

std::vector<MemoryRange> written_by(const SyscallView& call, const MemoryPeek& peek) {
  if (call.result <= 0) return {};
  const auto left = std::uint64_t(call.result);
  const auto& args = call.args;
  switch (call.number) {
    case SYS_write:
    case SYS_pwrite64:
    case SYS_sendto:
      return {{Address(args[1]), std::min(left, args[2])}};
    case SYS_writev:
    case SYS_pwritev:
    case SYS_pwritev2:
      return in_vectors(args[1], args[2], left, peek);
    case SYS_sendmsg: {
      std::array<std::uint64_t, 2> vectors{};  // msg_iov and msg_iovlen of struct msghdr
      constexpr std::uint64_t kVectors = 16;
      if (peek(Address(args[1] + kVectors), std::as_writable_bytes(std::span(vectors))) !=
          sizeof vectors) {
        return {};
      }
      return in_vectors(vectors[0], vectors[1], left, peek);
    }
    default:
      return {};
  }
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
      if (got == 0) return 0;
      XXH3_64bits_update(state.get(), part.data(), got);
      done += got;
    }
  }
  return std::max(std::uint32_t(XXH3_64bits_digest(state.get())), 1u);
}

}  // namespace ttrace
