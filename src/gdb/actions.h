#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"
#include "gdb/packets.h"

namespace ttrace::gdb {

/// A thread as a packet names it: "p1.2", "p1.-1" or "-1" (all), "0" (any), "2" (without process).
struct ThreadSelector {
  static constexpr std::int64_t kAll = -1;
  static constexpr std::int64_t kAny = 0;

  std::optional<std::int64_t> pid;
  std::int64_t tid = kAll;

  bool matches(Pid process, Tid thread) const;
  /// None unless it names one thread.
  std::optional<Tid> single() const;
};

/// None if there is no well-formed selector.
std::optional<ThreadSelector> parse_thread(FieldReader& in);
std::string thread_text(Pid process, Tid thread);

/// One action of a vCont packet.
struct Action {
  enum class Kind { go_on, step, step_range, stop };
  Kind kind = Kind::go_on;
  Address range_begin;  ///< Kind::step_range: step while the program counter is in [begin, end)
  Address range_end;
  std::optional<ThreadSelector> who;  ///< none: every thread that no earlier action names
};

/// The part of a vCont packet after its name; none if it is malformed. Signals of C and S are read
/// and dropped: what a replay delivers was decided when it was recorded.
std::optional<std::vector<Action>> parse_actions(std::string_view text);

/// What a list of actions means for a replay, where threads run as they ran: at most one is
/// stepped, the others run when it was their turn, whether they were named or not.
struct ResumePlan {
  bool runs = false;  ///< false: every action is `stop`
  std::optional<Tid> step;
  Address range_begin;  ///< equal to range_end: a single step
  Address range_end;
};

/// `current` is the thread that is stepped when an action names none or all.
ResumePlan plan_of(const std::vector<Action>& actions, Tid current);

}  // namespace ttrace::gdb
