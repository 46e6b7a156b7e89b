#pragma once

#include <memory>

#include "base/fd.h"
#include "base/types.h"
#include "record/recorder.h"

namespace ttrace {

/// What a child that shares our memory works with until it has executed its program or is gone.
struct ChildMemory;
struct FreeChildMemory {
  void operator()(ChildMemory* memory) const;
};

/// A traced child that stands at the entry of its execve, which the caller lets run. Must outlive
/// that call.
struct Launched {
  Pid pid;
  std::unique_ptr<ChildMemory, FreeChildMemory> memory;
  std::string path;  ///< what is being executed
  /// What the tracee has as standard output and error, to recognise its duplicates by.
  Fd standard_output;
  Fd standard_error;
};

/// Makes a child and prepares it: seized with EXITKILL, address randomisation as the options say
/// where that is allowed, rdtsc trapped, our seccomp filter. Throws UsageError if `program` cannot
/// be executed, Error if the machine does not let us trace. `program` must outlive the execve.
Launched launch(const Program& program, const RecordOptions& options);

/// The file that execvp(3) would execute. Throws UsageError naming it if there is none, it may not
/// be executed, or it is a program for another architecture.
std::string find_program(const Program& program);

}  // namespace ttrace
