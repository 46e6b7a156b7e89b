#pragma once

#include <string_view>

namespace ttrace::gdb {

/// Python for gdb: commands of ours, and how to get from a mark, which lies deep in the framework,
/// to the line of the test that a user knows. Runs in gdb 13 and newer; defines, connects nothing
/// by itself except through `ttrace_start`.
std::string_view gdb_script();

}  // namespace ttrace::gdb
