#include "record/attempt_clock.h"

#include <algorithm>

namespace ttrace {

void AttemptClock::look(Time now, bool counts) {
  if (counts) counted_ += std::min(now - looked_, kLongestGap);
  looked_ = now;
}

}  // namespace ttrace
