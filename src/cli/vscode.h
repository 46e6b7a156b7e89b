#pragma once

#include <string>

namespace ttrace {

/// Puts a configuration that debugs the trace into .vscode/launch.json of the present directory
/// (beside those that are there), and our gdb commands into .vscode/ttrace-gdb.py. Returns what to
/// tell the user. Throws UsageError if a launch.json is there that cannot be kept as it is.
std::string write_vscode_launch(const std::string& trace_path);

}  // namespace ttrace
