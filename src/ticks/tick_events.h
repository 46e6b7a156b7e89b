#pragma once

#include <cstdint>
#include <span>

#include "ticks/cpu_model.h"

namespace ttrace {

/// Which event counts ticks on a kind of CPU: retired conditional branches, because interrupts,
/// exceptions and returns from them count among branches of other kinds. By libpfm4's names, never
/// by raw numbers.
struct TickEventRow {
  const char* generation;  ///< for messages: "AMD Zen 3"
  const char* vendor;
  unsigned family;
  unsigned first_model, last_model;  ///< inclusive
  const char* event;
  /// The same event under the name of an older generation, for a libpfm4 that does not know this
  /// one; null: none.
  const char* older_name;
  /// How late an overflow may come, in ticks, however small it was when it was measured.
  std::uint64_t least_skid;
  /// Counts what makes `event` inexact, and must stay zero; null: nothing known.
  const char* spoiler;
  const char* spoiler_advice;
};

std::span<const TickEventRow> tick_event_rows();

/// The row of a CPU, or null: also for the efficiency cores of processors that mix kinds.
const TickEventRow* find_tick_event(const CpuModel& cpu);

/// One line for a CPU that is not in the table: what it is, what is supported, what to do.
std::string no_tick_event_text(const CpuModel& cpu);

}  // namespace ttrace
