#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/types.h"
#include "tracee/memory.h"
#include "tracee/task.h"

namespace ttrace {

/// Memory that is watched, as a debugger asks for it (Z2, Z3, Z4).
struct WatchRange {
  enum class Kind : std::uint8_t { write, read, access };
  Kind kind = Kind::write;
  Address at;
  std::uint64_t length = 0;
  auto operator<=>(const WatchRange&) const = default;
};

/// A stretch that one debug register watches: 1, 2, 4 or 8 bytes, aligned.
struct DebugSlot {
  WatchRange::Kind kind = WatchRange::Kind::write;
  Address at;
  std::uint64_t length = 1;
  std::size_t range = 0;  ///< index of the WatchRange that it belongs to
};

inline constexpr std::size_t kDebugSlots = 4;

/// What debug registers must watch for these ranges: unaligned and longer ones take several. May be
/// more than there are.
std::vector<DebugSlot> slots_for(const std::vector<WatchRange>& ranges);

/// Whether these can be watched together: those that are watched for reading need debug registers,
/// which are given in this order.
bool can_watch(const std::vector<WatchRange>& ranges);

/// The watched ranges of one address space and what lay there last. The ranges that do not fit into
/// the debug registers are watched by page protection (see WatchedPages).
class Watches {
 public:
  Watches() = default;
  Watches(const Memory& memory, std::vector<WatchRange> ranges);

  bool empty() const { return ranges_.empty(); }
  const std::vector<WatchRange>& ranges() const { return ranges_; }
  /// Those for debug registers, at most kDebugSlots.
  const std::vector<DebugSlot>& slots() const { return slots_; }
  /// The ranges that did not fit.
  const std::vector<WatchRange>& without_slot() const { return without_slot_; }

  /// The first range of Kind::write whose bytes are not what they were; takes note of what all of
  /// them are now.
  std::optional<WatchRange> changed(const Memory& memory);
  /// The first range that is watched for reading and overlaps.
  std::optional<WatchRange> accessed(Address at, std::uint64_t length) const;

 private:
  std::vector<WatchRange> ranges_;
  std::vector<Bytes> values_;
  std::vector<DebugSlot> slots_;
  std::vector<WatchRange> without_slot_;
};

/// Makes the debug registers of a host thread watch these slots and nothing else.
void set_debug_registers(Task task, const std::vector<DebugSlot>& slots);
/// Which slots (bits) the last trap told of; forgets it.
unsigned take_debug_hits(Task task);

}  // namespace ttrace
