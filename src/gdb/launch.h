#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/types.h"

namespace ttrace {

/// There is no gdb here.
class NoDebugger : public UsageError {
 public:
  using UsageError::UsageError;
};

/// How a debugging session is started.
struct DebugOptions {
  std::string gdb = "gdb";             ///< program, looked up in PATH
  bool batch = false;                  ///< no prompt: run `commands`, then end
  bool init_files = true;              ///< read the user's .gdbinit (-nx if not)
  std::vector<std::string> arguments;  ///< further arguments of gdb, before ours
  std::optional<Pid> process;          ///< none: the one that failed, or the first
  bool silent = false;                 ///< say nothing about where the session stands
  std::vector<std::string> commands;   ///< gdb commands, run once the session stands at the failure
};

/// Replays `trace_path` to its failure and starts gdb on it, on this process's terminal. Returns
/// when gdb has ended, with its exit status (128 + n if signal n ended it). While gdb runs, SIGINT
/// and SIGQUIT are ignored here: they are gdb's. Leaves no file and no process behind. Throws
/// NoDebugger, TraceError and Divergence as the replayer does.
int debug_with_gdb(const std::string& trace_path, const DebugOptions& options);

/// Replays `trace_path` to its failure, listens on `address` and serves one debugger until it
/// detaches, ends or vanishes. Addresses: "PORT", ":PORT", "localhost:PORT", "127.0.0.1:PORT"
/// (0: any free port) or "unix:PATH". No other: a trace contains the program's memory.
/// `announce` is told the address in the form that gdb's `target remote` takes, as soon as a
/// debugger can connect. Throws UsageError for a bad address.
void serve(const std::string& trace_path, const std::string& address, std::optional<Pid> process,
           const std::function<void(const std::string& remote)>& announce);

}  // namespace ttrace
