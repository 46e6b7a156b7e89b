#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "trace/reader.h"

namespace ttrace {

/// One process of a recording.
struct ProcessRecord {
  Pid pid;
  std::optional<Pid> parent;             ///< none: the first
  EventNumber begin;                     ///< the event that made it
  EventNumber end;                       ///< its exit, or the end of the recording
  std::optional<int> status;             ///< as wait(2) gives it; none: it still ran at the end
  std::vector<std::string> executables;  ///< what it ran, in order; first what it was forked with
  bool failed = false;                   ///< the failure that the trace was kept for happened in it
  bool assertion_failed = false;         ///< an assertion failed in it
};

/// All of them, in the order of their creation. Throws TraceError.
std::vector<ProcessRecord> processes_of(TraceReader& trace);

/// To which process each thread belongs, while events are read in order.
class ProcessMap {
 public:
  void note(const Event& event);
  std::optional<Pid> of(Tid tid) const;

 private:
  std::map<Tid, Pid> by_thread_;
};

}  // namespace ttrace
