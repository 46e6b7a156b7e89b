#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "agent/abi.h"
#include "base/bytes.h"
#include "base/types.h"

namespace ttrace {

/// The areas that the agent of a process knows (agent::Area): memory that only the program's own
/// calls give a content. Of many the last ones.
class OwnAreas {
 public:
  /// The program mapped it: private, without a file, not executable.
  void add(Address start, Address end);
  /// Something else lies there now, or nothing. False: no area changed.
  bool forget(Address start, Address end);

  ByteView bytes() const { return bytes_of(areas_); }

 private:
  std::array<agent::Area, agent::kMostAreas> areas_{};
  std::size_t next_ = 0;
};

}  // namespace ttrace
