#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "trace/reader.h"

namespace ttrace {

/// Who ran when, of one trace: one thread at a time, in the order of the events.
struct Timeline {
  struct Lane {
    Tid tid;
    Pid process;
    struct Run {
      std::uint64_t first = 0, last = 0;  ///< events
    };
    std::vector<Run> runs;
  };
  struct Mark {
    std::uint64_t event = 0;
    Tid tid;
    std::string text;
    bool failure = false;
  };
  std::uint64_t first = 0, last = 0;  ///< events shown
  std::vector<Lane> lanes;            ///< threads, in the order in which they ran first
  std::vector<Mark> marks;
  std::uint64_t switches = 0;
};

/// From the case's begin mark (or the first event) to the last event. Reads the whole trace.
Timeline timeline_of(TraceReader& trace);

/// As an inline SVG picture that needs nothing else; at most `width` columns of it are told apart.
std::string timeline_svg(const Timeline& timeline, int width = 1000);

}  // namespace ttrace
