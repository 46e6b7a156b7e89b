#pragma once

#include <vector>

#include "base/types.h"
#include "trace/event.h"
#include "tracee/memory.h"

namespace ttrace {

/// Adds what the kernel writes to the robust futexes that a dying thread holds (exit_robust_list()
/// and handle_futex_death() of kernel/futex/core.c). `head`: its list (set_robust_list(2)).
void add_robust_writes(const Memory& memory, Tid tid, Address head,
                       std::vector<MemoryWrite>& writes);

}  // namespace ttrace
