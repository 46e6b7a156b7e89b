#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "replay/state.h"
#include "syscalls/table.h"
#include "tracee/maps.h"

namespace ttrace {
namespace {

bool overlaps(const std::map<Address, std::byte>& map, Address start, std::uint64_t length) {
  const auto it = map.lower_bound(start);
  return it != map.end() && it->first < start + length;
}

/// What lay there is gone: neither patches nor breakpoints mean anything any more.
void forget(ReplaySpace& space, Address start, std::uint64_t length) {
  if (overlaps(space.patched, start, length)) {
    space.patched.erase(space.patched.lower_bound(start),
                        space.patched.lower_bound(start + length));
  }
  space.breakpoints.erase(space.breakpoints.lower_bound(start),
                          space.breakpoints.lower_bound(start + length));
}

}  // namespace

const Fd& Replayer::State::open_object(std::uint32_t object) {
  Fd& file = (*objects)[object];
  if (!file) file = trace.open_object(object);
  return file;
}

void Replayer::State::read_object(std::uint32_t object, std::uint64_t offset,
                                  std::span<std::byte> into) {
  const Fd& file = open_object(object);
  (void)!pread(file.value(), into.data(), into.size(), off_t(offset));
}

void Replayer::State::map(ReplaySpace& space, const Mapping& mapping) {
  forget(space, mapping.start, mapping.length);
  if (mapping.backing) {
    const Fd& file = open_object(mapping.backing->object);
    space.host->map_file(mapping.start, mapping.length, mapping.protection, file.value(),
                         mapping.backing->offset);
  } else if (mapping.shared) {
    space.host->map_memory(mapping.start, mapping.length, mapping.protection,
                           shared.add_anonymous(mapping.length), 0, true);
  } else {
    space.host->map_zero(mapping.start, mapping.length, mapping.protection);
  }
  space.mappings.add(mapping);
}

/// A stack of the program's own: it grows here as it did there, by faults, and where calls wrote
/// below it (write_memory).
void Replayer::State::map_growing(ReplaySpace& space, Mapping mapping) {
  forget(space, mapping.start, mapping.length);
  space.host->map_zero(mapping.start, mapping.length, mapping.protection, MAP_GROWSDOWN);
  space.mappings.add(std::move(mapping));
}

/// A mapping of the file or segment that `shown` tells of.
void Replayer::State::map_shared(ReplaySpace& space, Mapping mapping, const SharedChange& shown,
                                 std::uint64_t offset) {
  forget(space, mapping.start, mapping.length);
  mapping.name = shared.name(shown.number);
  space.host->map_memory(mapping.start, mapping.length, mapping.protection,
                         shared.descriptor(shown.number), offset, mapping.shared);
  space.mappings.add(std::move(mapping));
}

/// shmdt: what is left of the segment that was attached at that address (ipc/shm.c takes each
/// mapping of it that lies as far behind the address as into the segment).
void Replayer::State::detach(ReplaySpace& space, Address at) {
  std::optional<std::uint64_t> inode;
  for (const MapLine& line : read_maps(Pid(space.host->task().tid().value()))) {
    if (!line.shared || line.start < at || line.start - at != line.offset) continue;
    if (inode.value_or(line.inode) != line.inode || !shared.owns(line.inode)) continue;
    inode = line.inode;
    const std::uint64_t length = line.end - line.start;
    space.host->call(SYS_munmap, {line.start.value(), length, 0, 0, 0, 0});
    forget(space, line.start, length);
    space.mappings.remove(line.start, length);
  }
}

/// The main stack may grow to another size than at the exec: map what it may grow to, down to
/// whatever lies below it, and no more than that and what it has grown to already.
void Replayer::State::set_stack_limit(ReplaySpace& space, std::uint64_t limit) {
  Address below;
  std::optional<Mapping> stack;
  for (const Mapping& mapping : space.mappings.all()) {
    const Address end = mapping.start + mapping.length;
    if (!mapping.grows_down) {
      if (!stack) below = end;
    } else if (!stack) {
      stack = mapping;
    } else if (mapping.start == stack->start + stack->length) {
      stack->length += mapping.length;
    }
  }
  if (!stack) return;
  const Address end = stack->start + stack->length;
  const std::uint64_t size = page_floor(std::min(limit, kMostStackGrowth));
  const Address start = std::max(end - size, below);
  if (start < stack->start) {
    Mapping more = *stack;
    more.start = start;
    more.length = stack->start - start;
    map(space, more);
    return;
  }
  const Pid host(space.host->task().tid().value());
  const Address lowest = std::min(start, lowest_touched_page(host, stack->start, end));
  const std::uint64_t surplus = lowest - stack->start;
  if (surplus == 0) return;
  space.host->call(SYS_munmap, {stack->start.value(), surplus, 0, 0, 0, 0});
  forget(space, stack->start, surplus);
  space.mappings.remove(stack->start, surplus);
}

/// Executes a call that shapes the address space, with the addresses that the recording got.
void Replayer::State::shape_address_space(ReplayContext& thread, const SyscallEntry& entry,
                                          const SyscallExit& exit) {
  ReplaySpace& space = *thread.process->space;
  const auto& args = entry.args;
  // mprotect and madvise stop at a hole (ENOMEM), after they have changed what lies before it.
  const bool partly =
      exit.result == -ENOMEM && (entry.number == SYS_mprotect ||
                                 entry.number == SYS_pkey_mprotect || entry.number == SYS_madvise);
  if (exit.result < 0 && !partly) return;
  const auto require = [&](std::int64_t result, std::int64_t expected) {
    if (result != expected) {
      diverge(thread, syscall_name(entry.number) + " gave " + std::to_string(result) +
                          " in the replay's host process");
    }
  };
  const std::uint64_t length = page_ceil(args[1]);
  switch (entry.number) {
    case SYS_mmap: {
      Mapping mapping;
      mapping.start = Address(std::uint64_t(exit.result));
      mapping.length = length;
      mapping.protection = int(args[2]);
      mapping.shared = (args[3] & MAP_TYPE) != MAP_PRIVATE;
      if (exit.shared) return map_shared(space, std::move(mapping), *exit.shared, args[5]);
      const bool grows_down = (args[3] & MAP_GROWSDOWN) && (args[3] & MAP_ANONYMOUS);
      if (grows_down) return map_growing(space, std::move(mapping));
      mapping.backing = exit.backing;
      if (exit.backing) mapping.name = trace.objects().at(exit.backing->object).path;
      map(space, mapping);
      return;
    }
    case SYS_munmap:
      require(space.host->call(SYS_munmap, {args[0], length, 0, 0, 0, 0}), 0);
      forget(space, Address(args[0]), length);
      space.mappings.remove(Address(args[0]), length);
      return;
    case SYS_mprotect:
    case SYS_pkey_mprotect: {
      // The stack does not grow here (it is mapped whole), so these flags have nothing to mean.
      const std::uint64_t protection = args[2] & ~std::uint64_t(PROT_GROWSDOWN | PROT_GROWSUP);
      require(space.host->call(SYS_mprotect, {args[0], length, protection, 0, 0, 0}), exit.result);
      space.mappings.protect(Address(args[0]), length, int(protection));
      return;
    }
    case SYS_mremap: {
      const auto to = std::uint64_t(exit.result);
      const std::uint64_t new_length = page_ceil(args[2]);
      const bool moves = to != args[0];
      const Mapping* source = space.mappings.at(Address(args[0]));
      if (args[1] == 0 && source != nullptr && source->backing) {
        // A second mapping of the same file. Here files are mapped privately: give it what the
        // first one shows.
        Mapping second = *source;
        second.backing->offset += Address(args[0]) - source->start;
        second.start = Address(to);
        second.length = new_length;
        map(space, second);
        space.host->memory().write(second.start,
                                   space.host->memory().read(Address(args[0]), new_length));
        return;
      }
      // MREMAP_DONTUNMAP (4) leaves an empty mapping behind.
      const std::uint64_t flags = moves ? MREMAP_MAYMOVE | MREMAP_FIXED | (args[3] & 4) : 0;
      require(space.host->call(SYS_mremap, {args[0], length, new_length, flags, to, 0}),
              std::int64_t(to));
      forget(space, Address(args[0]), length);
      space.mappings.move(Address(args[0]), length, Address(to), new_length);
      return;
    }
    case SYS_shmat: {
      if (!exit.shared) return;
      Mapping mapping;
      mapping.start = Address(std::uint64_t(exit.result));
      mapping.length = page_ceil(exit.shared->size);
      mapping.protection = PROT_READ | (args[2] & SHM_RDONLY ? 0 : PROT_WRITE) |
                           (args[2] & SHM_EXEC ? PROT_EXEC : 0);
      mapping.shared = true;
      return map_shared(space, std::move(mapping), *exit.shared, 0);
    }
    case SYS_shmdt:
      return detach(space, Address(args[0]));
    case SYS_brk: {
      const Address now{std::uint64_t(exit.result)};
      const Address before = std::exchange(space.brk, now);
      if (before == Address() || now == before) return;
      const Address from(page_ceil(before.value()));
      const Address to(page_ceil(now.value()));
      if (to > from) {
        Mapping heap;
        heap.start = from;
        heap.length = to - from;
        heap.protection = PROT_READ | PROT_WRITE;
        heap.name = "[heap]";
        map(space, heap);
      } else if (from > to) {
        require(space.host->call(SYS_munmap, {to.value(), from - to, 0, 0, 0, 0}), 0);
        space.mappings.remove(to, from - to);
      }
      return;
    }
    case SYS_madvise:
      // Only what changes contents matters; the rest is about speed. MADV_REMOVE makes a hole in
      // what is shared, MADV_DONTNEED_LOCKED (24) differs only for locked memory.
      if (args[2] == MADV_DONTNEED || args[2] == MADV_REMOVE || args[2] == 24) {
        const std::uint64_t advice = args[2] == MADV_REMOVE ? MADV_REMOVE : MADV_DONTNEED;
        require(space.host->call(SYS_madvise, {args[0], length, advice, 0, 0, 0}), exit.result);
      }
      return;
    default:
      return;
  }
}

}  // namespace ttrace
