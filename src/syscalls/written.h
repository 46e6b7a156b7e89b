#pragma once

#include "syscalls/table.h"

namespace ttrace {

/// Where the bytes lie that a successful write, pwrite64 or writev passed to its descriptor, in
/// order, cut at the call's result; empty for every other call.
std::vector<MemoryRange> written_by(const SyscallView& call, const MemoryPeek& peek);

/// A digest of those bytes, to notice a replay that would write something else; 0 if there are
/// none, or `peek` does not get at them (/dev/null takes memory that nobody may read).
std::uint32_t digest_of_written(const SyscallView& call, const MemoryPeek& peek);

}  // namespace ttrace
