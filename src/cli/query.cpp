#include "cli/commands.h"
#include "gdb/gdb_script.h"

namespace ttrace {

int query_trace(const Context& context, const QueryRow& row, const std::string& path,
                const std::vector<std::string>& arguments, bool json) {
  TraceReader trace(path);
  context.out.write(answer_query(row, {trace, arguments}, json));
  return 0;
}

int print_gdb_script(const Context& context) {
  context.out.write(gdb::gdb_script());
  return 0;
}

}  // namespace ttrace
