#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"

namespace ttrace {

/// One line of /proc/PID/maps (proc(5)).
struct MapLine {
  Address start;
  Address end;
  int protection = 0;  ///< PROT_*
  bool shared = false;
  std::uint64_t offset = 0;  ///< in the file
  std::uint64_t device = 0;  ///< as stat(2)'s st_dev
  std::uint64_t inode = 0;   ///< 0: no file
  std::string name;          ///< path, "[stack]", or ""
};

/// Parses the text of a maps file; lines that are not understood are left out.
std::vector<MapLine> parse_maps(std::string_view text);

/// Reads the address space of a process, empty if it has ended.
std::vector<MapLine> read_maps(Pid pid);

/// The first page of [start, end) that the process has touched; `end` if it has touched none.
Address lowest_touched_page(Pid pid, Address start, Address end);

/// The state letter of a thread in /proc/TID/stat ('R', 'S', 'D', 't', 'Z'...), 0 if it is gone,
/// and the time it computed in user mode, in milliseconds (clock ticks of 10 ms).
struct TaskActivity {
  char state = 0;
  std::uint64_t user_ms = 0;
};
TaskActivity read_activity(Tid tid);

/// The signals that wait for a thread (its own and its process's) and those that it blocks, as bit
/// sets; of /proc/TID/status.
struct PendingSignals {
  std::uint64_t pending = 0;
  std::uint64_t blocked = 0;
};
PendingSignals read_pending_signals(Tid tid);

/// The signals that a process ignores, as a bit set (bit 0: signal 1); SigIgn of /proc/PID/status.
std::uint64_t read_ignored_signals(Pid pid);

}  // namespace ttrace
