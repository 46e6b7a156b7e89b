#pragma once

#include <string>

#include "trace/event.h"

namespace ttrace {

/// "assertion_failed": the name of a kind in JSON.
const char* mark_name(MarkEvent::Kind kind);

/// "assertion failed  a_test.cpp:12  Expected: ...": one line for a reader.
std::string describe(const MarkEvent& mark);

/// The same from its parts.
std::string mark_line(const std::string& kind, const std::string& file, int line,
                      const std::string& text);

}  // namespace ttrace
