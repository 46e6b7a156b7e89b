#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/fd.h"
#include "trace/event.h"
#include "trace/info.h"
#include "trace/objects.h"
#include "trace/plain_call.h"
#include "trace/spill_file.h"

namespace ttrace {

/// One file that a recording in memory refers to. The descriptor keeps the file's contents
/// reachable if its name is deleted meanwhile; `size` and `mtime_ns` notice if it was rewritten.
struct RecordedObject {
  ObjectInfo info;
  Fd file;  ///< readable; a memfd for contents that were copied
  std::int64_t mtime_ns = 0;
  bool executed = false;  ///< it was mapped as text
};

/// What becomes of a recording that grows large.
struct RecordingLimits {
  /// Of the traces; it may not exist yet. Empty: all events stay in memory.
  std::string directory;
  /// So many bytes of encoded events are held in memory. Beyond, they go to an unnamed file in the
  /// file system of `directory`.
  std::uint64_t in_memory = std::uint64_t{32} << 20;
  /// The most bytes of that file; 0: no bound.
  std::uint64_t on_disk = 0;
};

/// Where a recorder leaves events: encoded at once, in memory, nothing on disk while it is small. A
/// recording that is not kept leaves nothing.
class Recording {
 public:
  Recording() = default;
  explicit Recording(RecordingLimits limits) : limits_(std::move(limits)) {}

  /// Appends and returns the number of the event. Throws NotRecordable beyond the limits, Error if
  /// the disk is full.
  EventNumber append(const Event& event);
  /// Likewise, that a thread made this call.
  EventNumber append(const PlainCall& call);
  /// Index of an object; the same file is entered once (the recorder sees to that).
  std::uint32_t add_object(RecordedObject object);
  /// The same so far, to be gone on with apart. No event may have been spilled.
  Recording copy() const;
  void note_executed(std::uint32_t object) { objects_.at(object).executed = true; }

  std::uint64_t event_count() const { return event_count_; }
  const RecordingLimits& limits() const { return limits_; }
  /// Those that are in memory: behind the ones in spilled().
  ByteView encoded_events() const { return events_; }
  const std::vector<RecordedObject>& objects() const { return objects_; }

  /// How encoded_events() is cut into the frames of a file, one after the other: decided while
  /// appending, because an event does not span frames.
  struct Frame {
    std::size_t size = 0;
    std::uint32_t event_count = 0;
  };
  const std::vector<Frame>& frames() const { return frames_; }
  /// The events before those in memory, or null.
  const SpillFile* spilled() const { return spilled_.get(); }

 private:
  EventNumber append_encoded(auto encode_into, const char* kind);
  void spill();

  RecordingLimits limits_;
  std::unique_ptr<SpillFile> spilled_;
  Bytes events_;
  std::vector<Frame> frames_;
  RecentCalls recent_;  ///< of the last frame
  std::uint64_t event_count_ = 0;
  std::vector<RecordedObject> objects_;
};

/// Writes `recording` as the complete file `path` and its objects into `objects/` beside it (only
/// those that are not there yet). Either the whole file appears under its name or nothing does
/// (unnamed file, fsync, link). An existing file of that name is replaced. Mode 0600, directories
/// 0700. Throws Error naming what could not be written; NotRecordable if an object's file was
/// rewritten since it was recorded.
void keep(const Recording& recording, const TraceInfo& info, const std::string& path);

}  // namespace ttrace
