#pragma once

#include <optional>
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

/// Hunts in any program: case by case where it has a framework that we know.
int until_fail(const Context& context, const FlagSet& flags,
               const std::vector<std::string>& program);

/// Stands before a test's command line, as a test launcher or emulator does: hunts if the program
/// has a framework that we know, and else, or if it only lists its cases, executes it untouched.
int launch_program(const Context& context, const FlagSet& flags,
                   const std::vector<std::string>& program);

/// Prints the cases of a program that its arguments select, as JSON.
int print_cases(const Context& context, const FlagSet& flags,
                const std::vector<std::string>& program);

/// Records any program once, on our own standard streams.
int record_program(const Context& context, const FlagSet& flags,
                   const std::vector<std::string>& program);

/// Replays: in gdb, for a debugger elsewhere, or to the end.
int replay_trace(const Context& context, const FlagSet& flags, const std::string& path);

int list_stored(const Context& context, const std::string& directory, bool default_directory);
/// What show prints besides, or instead.
struct ShowParts {
  bool json = false;
  bool files = false;        ///< the files that the trace has the contents of
  bool environment = false;  ///< the names of the variables that the program saw
};
int show_trace(const Context& context, const std::string& path, const ShowParts& parts);
int dump_trace(const Context& context, const std::string& path);
/// Reads every byte of each trace; replays it too if `replay`.
int verify_traces(const Context& context, const std::vector<std::string>& paths, bool replay);
int remove_traces(const Context& context, const std::vector<std::string>& paths);
/// Removes objects of no use, and the oldest traces beyond the flags' limits.
int collect_store(const Context& context, const FlagSet& flags);
/// Makes one file of a trace and its objects.
int pack(const Context& context, const FlagSet& flags, const std::string& path);

/// Makes one HTML page of a directory of traces.
int write_report(const Context& context, const FlagSet& flags, const std::string& directory);

/// Answers a question of src/query to a trace; with gdb's help where it can tell more.
int query_trace(const Context& context, const QueryRow& row, const std::string& path,
                const std::vector<std::string>& arguments, bool json);
/// A question that our commands in gdb answer (it needs symbols): runs gdb on the trace, on the
/// given process or (none) on that of the failure. Throws NoDebugger.
int ask_in_gdb(const std::string& name, const std::string& path,
               const std::vector<std::string>& arguments, bool json,
               std::optional<Pid> process = {});
/// Prints the commands that a gdb can load which we did not start.
int print_gdb_script(const Context& context);

/// The whole tool: argv in, exit code out. Throws nothing.
int run_tool(const Context& context, const std::vector<std::string>& arguments);

}  // namespace ttrace
