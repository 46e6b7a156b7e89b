#pragma once

#include <sys/stat.h>

#include <compare>
#include <cstdint>
#include <map>
#include <string>

#include "base/fd.h"
#include "trace/event.h"
#include "tracee/maps.h"
#include "tracee/memory.h"

namespace ttrace {

/// The memory that recorded processes share by a name of the kernel's: files that were mapped with
/// MAP_SHARED, and System V segments. Each is entered at its first mapping, gets a number, and
/// stays until the recording ends. Our descriptor keeps a file's inode from being used again.
///
/// A trace must tell of every change of their contents or size that the program's own instructions
/// did not make (SharedChange); what to tell is decided by the session, how it is read here.
class SharedFiles {
 public:
  /// What the kernel knows it by.
  struct Key {
    std::uint64_t device = 0;  ///< of a segment: the IPC namespace
    std::uint64_t inode = 0;   ///< of a segment: its id
    bool segment = false;
    auto operator<=>(const Key&) const = default;
  };

  struct File {
    std::uint32_t number = 0;
    std::string name;
    Fd fd;                   ///< readable; none for a segment
    std::uint64_t size = 0;  ///< as the trace knows it
    bool named = false;      ///< the trace has its name
    bool has_text = false;   ///< was also mapped as text, which the trace shows as it was then
    // As /proc/PID/maps shows it; some file systems have other numbers there than in stat.
    std::uint64_t maps_device = 0;
    std::uint64_t maps_inode = 0;
  };

  SharedFiles();
  /// The same files, entered in a copy of the recording.
  SharedFiles copy() const;

  /// When this object was made, in nanoseconds of the clock that the kernel stamps files with.
  std::int64_t began_ns() const { return began_ns_; }
  bool empty() const { return files_.empty(); }
  /// The file if it was entered, else null.
  File* find(const Key& key);
  File* find(const struct stat& info);
  File* shown_by(const MapLine& line);
  /// Enters a file or segment that is not there yet. `line` is a mapping of it.
  File& enter(const Key& key, Fd fd, const MapLine& line);

  /// What the file holds in [from, from+length), cut at its end, and its size. Throws NotRecordable
  /// if that is more than an event can hold.
  static SharedChange read(File& file, std::uint64_t from, std::uint64_t length);
  /// The same of a segment of that size, which is mapped whole at `at`.
  static SharedChange read_segment(File& segment, std::uint64_t size, const Memory& memory,
                                   Address at);

 private:
  std::int64_t began_ns_;
  std::map<Key, File> files_;
};

}  // namespace ttrace
