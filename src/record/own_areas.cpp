#include "record/own_areas.h"

namespace ttrace {

void OwnAreas::add(Address start, Address end) {
  areas_[next_] = {start.value(), end.value()};
  next_ = (next_ + 1) % areas_.size();
}

bool OwnAreas::forget(Address start, Address end) {
  bool any = false;
  for (agent::Area& area : areas_) {
    if (area.start >= end.value() || area.end <= start.value()) continue;
    // The larger part of what is left.
    const std::uint64_t before = start.value() > area.start ? start.value() - area.start : 0;
    const std::uint64_t behind = area.end > end.value() ? area.end - end.value() : 0;
    if (before == 0 && behind == 0) {
      area = {};
    } else if (before >= behind) {
      area.end = start.value();
    } else {
      area.start = end.value();
    }
    any = true;
  }
  return any;
}

}  // namespace ttrace
