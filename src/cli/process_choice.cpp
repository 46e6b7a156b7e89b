#include "cli/process_choice.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "cli/values.h"
#include "query/processes.h"

namespace ttrace {
namespace {

Pid failed_child(const std::string& path) {
  TraceReader trace(path);
  const std::vector<ProcessRecord> processes = processes_of(trace);
  const auto child = std::find_if(processes.begin(), processes.end(), [](const auto& process) {
    return process.parent && process.assertion_failed;
  });
  if (child == processes.end()) throw UsageError(path + ": no assertion failed in a child");
  return child->pid;
}

}  // namespace

Pid named_process(const std::string& path, const std::string& text, const std::string& flag) {
  if (text == "child") return failed_child(path);
  const auto number = parse_number(text);
  if (!number || *number == 0 || *number > std::uint64_t(std::numeric_limits<pid_t>::max())) {
    throw UsageError(flag + " expects the number of a process (ttrace processes FILE lists them)" +
                     ", or \"child\"");
  }
  return Pid(pid_t(*number));
}

}  // namespace ttrace
