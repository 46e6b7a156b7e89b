#pragma once

#include <map>
#include <string>

#include "trace/event.h"

namespace ttrace {

/// Writes events as lines for a reader: number, time, thread, kind, details. Lines hold printable
/// characters only, whatever the recorded program had in its strings. Give it a trace's events in
/// order: the end of a call is described with the arguments of its beginning.
class Dumper {
 public:
  std::string line(EventNumber number, const Event& event);
  /// The last column alone.
  std::string details(const Event& event);

 private:
  std::map<Tid, SyscallEntry> open_calls_;
};

/// Control characters as C escapes; everything else stays.
std::string escaped(const std::string& text);

}  // namespace ttrace
