#pragma once

#include <string>

#include "base/types.h"

namespace ttrace {

/// The process of a trace that a user names: by its number, or as "child", the first child in which
/// an assertion failed. `flag`: how the flag was spelled that has this text. Throws UsageError for
/// a text that names none; that there is no process of a number, a debugging session says.
Pid named_process(const std::string& path, const std::string& text, const std::string& flag);

}  // namespace ttrace
