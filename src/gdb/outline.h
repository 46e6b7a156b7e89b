#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gdb/target.h"
#include "trace/reader.h"

namespace ttrace::gdb {

/// Where one process of a trace begins, executes programs, and ends.
struct ProcessOutline {
  /// The first event at which it exists.
  EventNumber begin;
  /// Its exec events, in order; the first may be one that it inherited from its parent.
  std::vector<EventNumber> execs;
  /// The last event before which all its threads are there: the exit, the deadly signal, or the
  /// end of the trace.
  EventNumber end;
  /// What happens there: "process 12 exits with status 1".
  std::string fate;
  /// The mark of the first assertion that failed in it.
  std::optional<EventNumber> failed_assertion;
};

/// What must be known about a whole trace before a debugger can be told where it stands: made by
/// reading every event once.
struct Outline {
  std::map<Pid, ProcessOutline> processes;
  Pid first;       ///< the process that the recording began with
  Pid of_failure;  ///< the process of TraceInfo::failure; `first` if there is none
  std::vector<TargetMark> marks;
};

/// Throws TraceError.
Outline make_outline(TraceReader& trace);

}  // namespace ttrace::gdb
