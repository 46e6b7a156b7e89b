#pragma once

#include <string>
#include <vector>

#include "cli/flags.h"
#include "cli/output.h"
#include "query/queries.h"

namespace ttrace {

// One function for each thing that the tool does. Each returns the exit code and throws Error for
// what main() turns into one line and exit code 2.

/// The version of what the lines in a test binary and the supervisor say to one another:
///   ttrace supervise --protocol=1 --framework=gtest -- ARGV...
/// with TTRACE_EXECUTABLE naming the binary that ARGV is the command line of.
inline constexpr int kProtocol = 1;

/// What a test binary's start lines execute. `arguments` is everything after "supervise".
int supervise(const Context& context, const std::vector<std::string>& arguments);

/// Hunts in a GoogleTest program that need not link ttrace.
int until_fail(const Context& context, const FlagSet& flags,
               const std::vector<std::string>& program);

/// Records any program once, on our own standard streams.
int record_program(const Context& context, const FlagSet& flags,
                   const std::vector<std::string>& program);

/// Replays: in gdb, for a debugger elsewhere, or to the end.
int replay_trace(const Context& context, const FlagSet& flags, const std::string& path);

int list_stored(const Context& context, const std::string& directory, bool default_directory);
int show_trace(const Context& context, const std::string& path, bool json);
int dump_trace(const Context& context, const std::string& path);
/// Reads every byte of each trace; replays it too if `replay`.
int verify_traces(const Context& context, const std::vector<std::string>& paths, bool replay);
int remove_traces(const Context& context, const std::vector<std::string>& paths);

/// Answers a question of src/query to a trace.
int query_trace(const Context& context, const QueryRow& row, const std::string& path,
                const std::vector<std::string>& arguments, bool json);
/// Prints the commands that a gdb can load which we did not start.
int print_gdb_script(const Context& context);

/// The whole tool: argv in, exit code out. Throws nothing.
int run_tool(const Context& context, const std::vector<std::string>& arguments);

}  // namespace ttrace
