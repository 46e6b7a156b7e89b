#pragma once

#include <unistd.h>

#include <array>
#include <string>

#include "base/types.h"

namespace ttrace {

/// The name under /proc of what a thread's descriptor is open on (proc(5), /proc/PID/fd).
inline std::string descriptor_link(Tid tid, int descriptor) {
  return "/proc/" + std::to_string(tid.value()) + "/fd/" + std::to_string(descriptor);
}

/// Where such a name leads; the name itself if that cannot be read.
inline std::string link_target(const std::string& link) {
  std::array<char, 4096> target{};
  const ssize_t n = readlink(link.c_str(), target.data(), target.size());
  return n < 0 ? link : std::string(target.data(), std::size_t(n));
}

}  // namespace ttrace
