#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/fd.h"
#include "trace/objects.h"

namespace ttrace {

// A packed trace is a whole trace file, and after it the objects that it refers to, as frames, a
// table of where they are, and a footer that says where the trace ends (docs/trace-format.md).
// Whoever opens it reads the trace as ever and takes the objects from here.

/// The objects in a packed trace.
class PackedObjects {
 public:
  /// Null if the file is none. Throws TraceError if it is a damaged one.
  static std::optional<PackedObjects> open(int file, std::uint64_t file_size);

  /// Where the trace ends in the file.
  std::uint64_t trace_size() const { return trace_size_; }

  /// A file of its own with the object's contents, in memory. Throws TraceError if it is damaged or
  /// not there.
  Fd open_object(int file, const ObjectInfo& object) const;

 private:
  struct Place {
    std::uint64_t at = 0;
    std::uint64_t end = 0;
  };
  std::uint64_t trace_size_ = 0;
  std::map<std::string, Place> places_;
};

/// Writes the trace `path` and its objects as one file, which replaces what `output` was: whole or
/// not at all. Mode 0600. Throws Error.
void pack_trace(const std::string& path, const std::string& output);

}  // namespace ttrace
