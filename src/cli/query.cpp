#include "cli/commands.h"
#include "gdb/gdb_script.h"
#include "gdb/launch.h"

namespace ttrace {

int query_trace(const Context& context, const QueryRow& row, const std::string& path,
                const std::vector<std::string>& arguments, bool json) {
  TraceReader trace(path);
  context.out.write(answer_query(row, {trace, arguments}, json));
  return 0;
}

int ask_in_gdb(const std::string& name, const std::string& path,
               const std::vector<std::string>& arguments, bool json) {
  DebugOptions options;
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
