#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "base/types.h"
#include "tracee/maps.h"

namespace ttrace {

/// Looks for processes outside the recording that may write memory which a recorded process has
/// just mapped: no event would tell of that. It sees what this user may see of /proc, at this
/// moment, so it can warn, never promise.
class Outsiders {
 public:
  /// `inside`: the recorded processes. `line`: the mapping.
  Outsiders(std::set<Pid> inside, MapLine line)
      : inside_(std::move(inside)), line_(std::move(line)) {}

  /// "1234 (name)" of one that has the file (a readable descriptor of ours) open or mapped for
  /// writing. Files that were made after `began_ns` (of the real time clock) are not looked for,
  /// nor, if the mapping is read-only, files that nobody has open for writing.
  std::optional<std::string> of_file(int fd, bool writable, std::int64_t began_ns) const;
  /// The same of a System V segment.
  std::optional<std::string> of_segment() const;

 private:
  std::optional<std::string> find(int fd) const;
  bool maps_it(Pid pid) const;
  bool opened_it(Pid pid, int fd) const;

  std::set<Pid> inside_;
  MapLine line_;
};

}  // namespace ttrace
