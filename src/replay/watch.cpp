#include "replay/watch.h"

#include <sys/ptrace.h>
#include <sys/user.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

#include "base/error.h"

namespace ttrace {
namespace {

constexpr std::uint64_t kWidest = 8;

/// Offset of a debug register for PTRACE_PEEKUSER and PTRACE_POKEUSER.
std::size_t debug_register(std::size_t number) {
  return offsetof(struct user, u_debugreg) + number * sizeof(std::uint64_t);
}

constexpr std::size_t kStatus = 6;
constexpr std::size_t kControl = 7;

void poke(Task task, std::size_t number, std::uint64_t value) {
  if (ptrace(PTRACE_POKEUSER, task.tid().value(), debug_register(number), value) == 0) return;
  if (errno == ESRCH) throw TaskGone(task.tid());
  throw_errno("set a debug register");
}

/// The fields of DR7 for one slot (AMD64 manual volume 2, 13.1.1).
std::uint64_t control_bits(std::size_t slot, const DebugSlot& what) {
  const std::uint64_t when = what.kind == WatchRange::Kind::write ? 1 : 3;
  const std::uint64_t length = what.length == 8 ? 2 : what.length - 1;
  return 1ull << (2 * slot) | (length << 2 | when) << (16 + 4 * slot);
}

}  // namespace

bool can_watch(const std::vector<WatchRange>& ranges) {
  std::size_t slots = 0;
  for (const WatchRange& range : ranges) {
    const std::size_t wanted = slots_for({range}).size();
    const bool fits = slots + wanted <= kDebugSlots;
    if (fits) slots += wanted;
    if (!fits && range.kind != WatchRange::Kind::write) return false;
  }
  return true;
}

std::vector<DebugSlot> slots_for(const std::vector<WatchRange>& ranges) {
  std::vector<DebugSlot> slots;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    Address at = ranges[i].at;
    for (std::uint64_t left = ranges[i].length; left > 0;) {
      std::uint64_t length = kWidest;
      while (length > left || at.value() % length != 0) length /= 2;
      slots.push_back({ranges[i].kind, at, length, i});
      at = at + length;
      left -= length;
    }
  }
  return slots;
}

Watches::Watches(const Memory& memory, std::vector<WatchRange> ranges)
    : ranges_(std::move(ranges)) {
  for (std::size_t i = 0; i < ranges_.size(); ++i) {
    values_.push_back(memory.read(ranges_[i].at, ranges_[i].length));
    std::vector<DebugSlot> wanted = slots_for({ranges_[i]});
    if (slots_.size() + wanted.size() > kDebugSlots) {
      without_slot_.push_back(ranges_[i]);
      continue;
    }
    for (DebugSlot& slot : wanted) {
      slot.range = i;
      slots_.push_back(slot);
    }
  }
}

std::optional<WatchRange> Watches::changed(const Memory& memory) {
  std::optional<WatchRange> first;
  for (std::size_t i = 0; i < ranges_.size(); ++i) {
    Bytes now = memory.read(ranges_[i].at, ranges_[i].length);
    if (now == values_[i]) continue;
    values_[i] = std::move(now);
    if (!first && ranges_[i].kind == WatchRange::Kind::write) first = ranges_[i];
  }
  return first;
}

std::optional<WatchRange> Watches::accessed(Address at, std::uint64_t length) const {
  for (const WatchRange& range : ranges_) {
    if (range.kind == WatchRange::Kind::write) continue;
    if (at < range.at + range.length && range.at < at + length) return range;
  }
  return {};
}

void set_debug_registers(Task task, const std::vector<DebugSlot>& slots) {
  poke(task, kControl, 0);
  std::uint64_t control = 0;
  for (std::size_t i = 0; i < slots.size() && i < kDebugSlots; ++i) {
    poke(task, i, slots[i].at.value());
    control |= control_bits(i, slots[i]);
  }
  if (control != 0) poke(task, kControl, control);
}

unsigned take_debug_hits(Task task) {
  errno = 0;
  const long status = ptrace(PTRACE_PEEKUSER, task.tid().value(), debug_register(kStatus), nullptr);
  if (errno == ESRCH) throw TaskGone(task.tid());
  const unsigned hits = unsigned(status) & 0xf;
  if (hits != 0) poke(task, kStatus, 0);
  return hits;
}

}  // namespace ttrace
