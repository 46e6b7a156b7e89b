#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "trace/info.h"

namespace ttrace {

// A directory of kept traces and the objects that they share. A file there is a trace if its name
// ends in ".ttrace" or if it begins as a trace does; subdirectories are not looked into.

/// One trace of a directory, as "ttrace ls" shows it.
struct StoredTrace {
  std::string path;
  std::uint64_t size = 0;  ///< bytes of the file, without its objects
  std::uint64_t event_count = 0;
  std::optional<TraceInfo> info;  ///< absent if the trace cannot be opened
  std::string error;              ///< why it cannot, one line; else empty
};

/// The traces of a directory, by name. Opens each one (see TraceReader) but reads no events. Throws
/// Error if the directory cannot be read.
std::vector<StoredTrace> list_traces(const std::string& directory);

/// Which objects the traces of a directory refer to.
struct ObjectUse {
  std::set<std::string> hashes;
  std::vector<std::string> unreadable;  ///< paths of traces that could not be asked
};
ObjectUse objects_in_use(const std::string& directory);

/// What remove_trace() did besides removing the trace.
struct Removal {
  std::uint64_t objects_removed = 0;
  std::uint64_t bytes_freed = 0;  ///< of the trace and of the objects
  std::string note;               ///< one line if objects stay that may be of no use; or empty
};

/// Removes a trace (a damaged one too), and then every object that no other trace of its directory
/// refers to. If one of those cannot be read, or while another process writes there, all objects
/// stay and `note` says so. Throws Error if `path` is missing, is no trace or cannot be removed.
Removal remove_trace(const std::string& path);

/// Removes every object that no trace of the directory refers to, and what writers left that were
/// killed. Waits a moment for others that write there; see remove_trace() for when objects stay.
/// Throws Error if the directory cannot be read.
Removal collect_garbage(const std::string& directory);

/// How large a directory of traces may become.
struct StoreLimits {
  std::uint64_t size = 0;    ///< bytes of traces and objects; 0: no limit
  std::uint64_t traces = 0;  ///< 0: no limit
};

/// Removes the oldest traces until the limits hold, but never the newest of a case (or of a program
/// that was recorded alone), nor one that cannot be read. Returns what was removed.
std::vector<std::string> enforce_limits(const std::string& directory, const StoreLimits& limits);

}  // namespace ttrace
