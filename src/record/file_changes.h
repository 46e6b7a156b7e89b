#pragma once

#include <cstdint>
#include <string>

#include "syscalls/table.h"
#include "tracee/memory.h"

namespace ttrace {

/// A name, under /proc, of the file whose contents or size the call changes, or "" if it changes
/// none. Of a call that opens a file, its result must be known.
std::string changed_file(const SyscallView& call, Tid tid, const Memory& memory);

/// Such a call may leave a file of another size, and not only by what it writes.
bool may_resize(std::int64_t number);

/// Whether madvise(2) with this advice gives up private pages of a file, so that they show it
/// again.
bool drops_pages(std::uint64_t advice);

/// A part of a file, in bytes.
struct FilePart {
  std::uint64_t from = 0;
  std::uint64_t length = 0;
};

/// What a call for which changed_file() gave a name has changed of the contents (more is possible,
/// less is not), when it has succeeded and left a file of `size` bytes that had `size_before`. To
/// be asked while the thread stands at the call's end.
FilePart changed_part(const SyscallView& call, Tid tid, const Memory& memory,
                      std::uint64_t size_before, std::uint64_t size);

}  // namespace ttrace
