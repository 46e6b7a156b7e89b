#include <sys/mman.h>
#include <sys/syscall.h>

#include "record/session.h"

// Memory that the agent may protect and drop without the recorder (docs/decisions/0027).

namespace ttrace {
namespace {

/// Smaller ones are seldom changed.
constexpr std::uint64_t kLeast = 64 << 10;

bool is_own(const SyscallView& call) {
  const auto& args = call.args;
  constexpr std::uint64_t kOther = MAP_GROWSDOWN | MAP_HUGETLB;
  return (args[3] & MAP_TYPE) == MAP_PRIVATE && (args[3] & MAP_ANONYMOUS) != 0 &&
         (args[3] & kOther) == 0 && (args[2] & PROT_EXEC) == 0;
}

}  // namespace

/// After a call that may have changed what lies where, whatever its result.
void RecordSession::note_areas(Thread& thread, const SyscallView& call) {
  RecordedSpace& space = *thread.process->space;
  if (!space.has_agent) return;
  const auto& args = call.args;
  const auto forget = [&](std::uint64_t start, std::uint64_t length) {
    return space.own_areas.forget(Address(start), Address(start + page_ceil(length)));
  };
  bool changed = false;
  switch (call.number) {
    case SYS_mmap:
      // One that fails may have unmapped what was there.
      if (args[3] & MAP_FIXED) changed = forget(args[0], args[1]);
      if (call.result < 0) break;
      changed = forget(std::uint64_t(call.result), args[1]) || changed;
      if (is_own(call) && args[1] >= kLeast) {
        const Address start{std::uint64_t(call.result)};
        space.own_areas.add(start, start + page_ceil(args[1]));
        changed = true;
      }
      break;
    case SYS_munmap:
      changed = forget(args[0], args[1]);
      break;
    case SYS_mremap:
      changed = forget(args[0], args[1]);
      if (args[3] & MREMAP_FIXED) changed = forget(args[4], args[2]) || changed;
      if (call.result >= 0) changed = forget(std::uint64_t(call.result), args[2]) || changed;
      break;
    case SYS_mprotect:
    case SYS_pkey_mprotect:
      // Executable memory has more to it, and a key stays.
      if ((args[2] & PROT_EXEC) == 0 && call.number == SYS_mprotect) return;
      changed = forget(args[0], args[1]);
      break;
    case SYS_shmat:
    case SYS_remap_file_pages:
      changed = space.own_areas.forget(Address(), Address(~0ull));
      break;
    default:
      return;
  }
  if (changed) space.memory.write(Address(agent::kAreasAddress), space.own_areas.bytes());
}

}  // namespace ttrace
