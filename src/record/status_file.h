#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/types.h"

namespace ttrace {

/// Whether a descriptor of a thread is /proc/PID/status or /proc/PID/task/TID/status (proc(5)).
bool is_status_file(Tid tid, int descriptor);

/// The text of such a file, or a part of it, as if `tracer` traced nobody: "TracerPid:" is 0, and
/// blanks that keep the length. None if that is not among it.
std::optional<Bytes> without_tracer(ByteView text, Pid tracer);

}  // namespace ttrace
