#include "record/robust_writes.h"

#include <linux/futex.h>

namespace ttrace {

void add_robust_writes(const Memory& memory, Tid tid, Address head,
                       std::vector<MemoryWrite>& writes) {
  constexpr int kMostEntries = 2048;  // ROBUST_LIST_LIMIT
  constexpr std::uint32_t kOwner = FUTEX_TID_MASK;
  struct {
    std::uint64_t next;
    std::int64_t offset;
    std::uint64_t pending;
  } list{};
  if (head == Address() || !memory.read_value(head, list)) return;
  const auto add = [&](std::uint64_t entry) {
    const Address at((entry & ~1ull) + std::uint64_t(list.offset));
    std::uint32_t word = 0;
    if (!memory.read_value(at, word) || (word & kOwner) != std::uint32_t(tid.value())) return;
    word = (word & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
    const ByteView bytes = bytes_of(word);
    writes.push_back({at, Bytes(bytes.begin(), bytes.end())});
  };
  std::uint64_t entry = list.next;
  for (int i = 0; i < kMostEntries && (entry & ~1ull) != head.value(); ++i) {
    add(entry);
    if (!memory.read_value(Address(entry & ~1ull), entry)) break;
  }
  if (list.pending != 0) add(list.pending);
}

}  // namespace ttrace
