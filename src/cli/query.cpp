#include "base/error.h"
#include "cli/commands.h"
#include "gdb/gdb_script.h"
#include "gdb/launch.h"

namespace ttrace {

int query_trace(const Context& context, const QueryRow& row, const std::string& path,
                const std::vector<std::string>& arguments, bool json) {
  TraceReader trace(path);
  const Json answer = ask_query(row, {trace, arguments});
  const auto process = row.more_in != nullptr ? row.more_in(answer) : std::nullopt;
  if (process) {
    try {
      return ask_in_gdb(row.name, path, arguments, json, process);
    } catch (const NoDebugger& missing) {
      context.err.write(std::string("[ttrace] with gdb the answer would tell more: ") +
                        missing.what() + "\n");
    }
  }
  context.out.write(shown_answer(row, answer, json));
  return 0;
}

int ask_in_gdb(const std::string& name, const std::string& path,
               const std::vector<std::string>& arguments, bool json, std::optional<Pid> process) {
  DebugOptions options;
  options.process = process;
  options.batch = true;
  options.silent = true;
  options.init_files = false;
  std::string command = "ttrace " + name;
  for (const std::string& argument : arguments) command += " " + argument;
  if (json) command += " --json";
  options.commands = {command, "python gdb.execute('disconnect', to_string=True)"};
  return debug_with_gdb(path, options);
}

int print_gdb_script(const Context& context) {
  context.out.write(gdb::gdb_script());
  return 0;
}

}  // namespace ttrace
