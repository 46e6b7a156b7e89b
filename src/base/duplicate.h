#pragma once

#include <fcntl.h>

#include "base/error.h"
#include "base/fd.h"

namespace ttrace {

/// Another descriptor, close-on-exec, of the same open file; empty if `fd` is. Throws SystemError.
inline Fd duplicate(const Fd& fd) {
  if (!fd) return {};
  Fd copy(fcntl(fd.value(), F_DUPFD_CLOEXEC, 3));
  if (!copy) throw_errno("duplicate a descriptor");
  return copy;
}

}  // namespace ttrace
