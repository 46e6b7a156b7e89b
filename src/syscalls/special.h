#pragma once

#include "syscalls/ranges.h"
#include "syscalls/table.h"

namespace ttrace {

/// The calls whose outputs no Extent describes (Extent::special without a row in requests.inc that
/// says it all). note_special() runs before the call, add_special() after it; `everything` is true
/// if all counts that the arguments allow as written (after EFAULT).
void note_special(const SyscallView& call, const MemoryPeek& peek, OutputNotes& notes);
void add_special(const SyscallView& call, const OutputNotes& notes, const MemoryPeek& peek,
                 bool everything, RangeCollector& out);

/// Whether this SIOCETHTOOL is for one of the commands whose outputs are described.
bool is_described_ethtool(const SyscallView& call, const MemoryPeek& peek);

}  // namespace ttrace
