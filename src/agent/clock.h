#pragma once

#include <cstdint>

#include "agent/abi.h"
#include "agent/calls.h"

// The clock that the agent reads by the vDSO's function (docs/decisions/0025).

namespace ttrace::agent {

constexpr std::uint64_t kClockGettime = 228;

/// The page that an area lies in; 0 if it is more than one.
inline std::uint64_t page_of(std::uint64_t at, std::uint64_t size) {
  constexpr unsigned kPageBits = 12;
  return (at + size - 1) >> kPageBits == at >> kPageBits ? at >> kPageBits : 0;
}

/// Whether the vDSO may read the clock that clock_gettime asks for. It writes as the program would:
/// only where the kernel could since the thread stopped last, because nobody unmapped anything
/// meanwhile.
inline bool may_read_clock(const Head& h, const std::uint64_t* args) {
  constexpr std::uint32_t kClocks = 1u << 0      // CLOCK_REALTIME
                                    | 1u << 1    // CLOCK_MONOTONIC
                                    | 1u << 4    // CLOCK_MONOTONIC_RAW
                                    | 1u << 5    // CLOCK_REALTIME_COARSE
                                    | 1u << 6    // CLOCK_MONOTONIC_COARSE
                                    | 1u << 7    // CLOCK_BOOTTIME
                                    | 1u << 11;  // CLOCK_TAI
  const auto clock = std::uint32_t(args[0]);
  if (h.read_clock == 0 || clock >= 32 || (kClocks >> clock & 1) == 0) return false;
  const std::uint64_t page = page_of(args[1], kTimespecSize);
  return page != 0 && page == h.written_page && h.used != 0;
}

inline std::int64_t read_clock(const Head& h, const std::uint64_t* args) {
  using ClockGettime = int (*)(int, void*);
  const auto function = reinterpret_cast<ClockGettime>(h.read_clock);
  return function(int(args[0]), reinterpret_cast<void*>(args[1]));
}

}  // namespace ttrace::agent
