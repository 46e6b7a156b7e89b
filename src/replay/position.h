#pragma once

#include <compare>
#include <cstdint>

#include "base/types.h"

namespace ttrace {

/// A place in a recording: (event, ticks, steps). The thread that runs there is the event's; all
/// others stand where their own last events left them. Positions are ordered as they are passed.
struct Position {
  /// As `ticks`: the thread stands at the event itself.
  static constexpr std::uint64_t kAtEvent = ~0ull;

  EventNumber event;  ///< the next one that is applied
  /// How far its thread has come on the way to it: counted since the thread's own last event.
  std::uint64_t ticks = kAtEvent;
  std::uint64_t steps = 0;  ///< instructions of the original program since the last tick

  bool at_event() const { return ticks == kAtEvent; }
  auto operator<=>(const Position&) const = default;
};

/// Flags that may differ at one place, by the way that led there: a stub that counts leaves other
/// ones (P, A, Z, S, O) where the program will not look at them before it sets them anew; and the
/// resume flag.
inline constexpr std::uint64_t kFlagsOfTheWay = 0x108d4;

/// Where the event before has just happened and nothing has been executed since.
inline Position just_before(EventNumber event) { return {event, 0, 0}; }

}  // namespace ttrace
