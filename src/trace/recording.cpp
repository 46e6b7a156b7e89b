#include "trace/recording.h"

#include "trace/container.h"

namespace ttrace {

EventNumber Recording::append(const Event& event) {
  const std::size_t before = events_.size();
  try {
    encode(event, events_);
    const std::size_t size = events_.size() - before;
    if (size > kMaxFrameSize) {
      throw NotRecordable("one event of " + std::to_string(size) + " bytes (" +
                          kind_name(event.body) + ")");
    }
    if (frames_.empty() || frames_.back().size + size > kFrameSize) frames_.emplace_back();
    frames_.back().size += size;
    ++frames_.back().event_count;
  } catch (...) {
    events_.resize(before);
    throw;
  }
  return EventNumber(event_count_++);
}

std::uint32_t Recording::add_object(RecordedObject object) {
  objects_.push_back(std::move(object));
  return std::uint32_t(objects_.size() - 1);
}

}  // namespace ttrace
