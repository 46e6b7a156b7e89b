#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/fd.h"
#include "trace/table.h"

namespace ttrace {

/// The frames of a recording that has grown too large for memory: the beginning of a trace file
/// whose header is still to be written (kRoomyHeader bytes). It has no name: whoever ends without
/// giving it one leaves nothing. Writing waits for the disk, and with it whoever appends events.
class SpillFile {
 public:
  /// In the file system of `directory`, which need not exist yet. Throws Error if nothing can be
  /// written there.
  explicit SpillFile(const std::string& directory);

  /// Appends a frame of events. Throws Error ("cannot write ...").
  void add(ByteView raw, std::uint32_t event_count);

  int fd() const { return fd_.value(); }
  /// Bytes: the header's room and all frames.
  std::uint64_t size() const { return size_; }
  const std::vector<FramePlace>& frames() const { return frames_; }
  std::uint64_t event_count() const { return event_count_; }

 private:
  std::string directory_;  ///< the one that exists
  Fd fd_;
  std::uint64_t size_;
  std::uint64_t event_count_ = 0;
  std::vector<FramePlace> frames_;
};

}  // namespace ttrace
