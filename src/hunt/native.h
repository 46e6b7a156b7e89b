#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "hunt/environment.h"

namespace ttrace {

/// A file without a name: it is gone with its descriptor, whatever happens to this process.
Fd unnamed_file(const char* what);
/// Everything that was written to it.
std::string contents_of(const Fd& file);

/// A program that runs beside us, not recorded.
struct NativeRun {
  std::string path;  ///< absolute
  std::vector<std::string> arguments;
  Environment environment;
  const Fd* inherited = nullptr;         ///< a descriptor that it keeps, under the same number
  std::chrono::milliseconds timeout{0};  ///< zero: none
  const std::atomic<bool>* interrupted = nullptr;
};

struct NativeResult {
  int status = 0;  ///< as wait(2) gives it
  bool timed_out = false;
  std::string output;  ///< standard output and error
};

/// Runs it to its end with an empty standard input. It is killed at its time limit, on an
/// interrupt, and with this process. Throws UsageError if it cannot be executed.
NativeResult run_native(const NativeRun& run);

/// What execvp(name) would execute, absolute. Throws UsageError naming it if there is none.
std::string find_program(const std::string& name, const Environment& environment);

}  // namespace ttrace
