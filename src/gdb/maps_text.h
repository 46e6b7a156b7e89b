#pragma once

#include <string>
#include <vector>

#include "base/fd.h"
#include "trace/event.h"

namespace ttrace::gdb {

/// Recorded mappings as the lines of /proc/PID/maps, which debuggers read (proc(5)).
std::string maps_text(const std::vector<Mapping>& mappings);

/// A file without a name, with that text.
Fd file_of(const std::string& text);

}  // namespace ttrace::gdb
