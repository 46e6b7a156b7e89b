#include "trace/spill_file.h"

#include "trace/container.h"
#include "trace/new_file.h"

namespace ttrace {

SpillFile::SpillFile(const std::string& directory)
    : directory_(existing_directory(directory)),
      fd_(open_unnamed(directory_)),
      size_(kRoomyHeader) {}

void SpillFile::add(ByteView raw, std::uint32_t event_count) {
  const Bytes frame = make_frame(FrameKind::events, event_count_, event_count, raw);
  write_whole(fd_.value(), size_, frame, directory_);
  frames_.push_back({size_, frame.size(), event_count_, event_count});
  size_ += frame.size();
  event_count_ += event_count;
}

}  // namespace ttrace
