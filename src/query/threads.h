#pragma once

#include <optional>
#include <vector>

#include "query/processes.h"
#include "trace/reader.h"

namespace ttrace {

/// One thread of a recording.
struct ThreadRecord {
  Tid tid;
  Pid pid;
  EventNumber begin;            ///< the event that made it
  EventNumber end;              ///< its own last one
  std::uint64_t events = 0;     ///< how many are its own
  std::uint64_t ticks = 0;      ///< how far its user code came, as far as it is counted
  std::optional<Tid> parent{};  ///< the thread that made it
};

/// A stretch of events of one thread: while it lasts, no other one of the recording ran.
struct Turn {
  Tid tid;
  EventNumber first;
  EventNumber last;
  std::uint64_t begin_us = 0;  ///< since the recording began
  std::uint64_t end_us = 0;
};

struct ThreadHistory {
  std::vector<ThreadRecord> threads;  ///< in the order of their creation
  std::vector<Turn> turns;
};

/// Throws TraceError.
ThreadHistory thread_history(TraceReader& trace);

}  // namespace ttrace
