#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "gdb/target.h"

namespace ttrace::gdb {

/// What a monitor command (qRcmd) answers, and where it wants to go.
struct MonitorAnswer {
  std::string text;
  std::optional<Position> seek;
  bool drops_changes = false;  ///< what the debugger changed is to be forgotten
};

/// Where the target stands, as docs/json.md has it under "when".
nlohmann::ordered_json place_of(DebugTarget& target);

/// The place that a user names: EVENT, EVENT+TICKS+STEPS, begin, end, failure. None: there is none.
std::optional<Position> position_named(const DebugTarget& target, std::string_view name);

/// Runs `monitor LINE`. Never changes the position itself: a debugger expects that to happen in a
/// resume only, and would go on showing old registers and frames.
MonitorAnswer run_monitor(DebugTarget& target, std::string_view line);

}  // namespace ttrace::gdb
