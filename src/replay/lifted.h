#pragma once

#include "replay/model.h"

namespace ttrace {

/// While it lives, the program's own byte is back under a breakpoint.
class Lifted {
 public:
  Lifted(ReplaySpace& space, Address at);
  ~Lifted();
  Lifted(const Lifted&) = delete;
  Lifted& operator=(const Lifted&) = delete;

 private:
  ReplaySpace& space_;
  Address at_;
  bool lifted_ = false;
};

}  // namespace ttrace
