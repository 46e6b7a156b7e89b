#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hunt/environment.h"

namespace ttrace {

struct StackFrame {
  std::string function;  ///< "??" where no symbol is known
  std::string file;      ///< absolute where known, else ""
  int line = 0;
};

struct ThreadStack {
  int tid = 0;
  bool failed = false;             ///< the one that the failure happened in
  std::vector<StackFrame> frames;  ///< innermost first; at most kMostFrames
};

inline constexpr int kMostFrames = 64;

/// The stacks of all threads where the trace's failure is, as gdb tells them in a replay of ours:
/// it knows the symbols, inlined functions and their lines. Empty if there is no gdb here, or if it
/// cannot tell within a minute; `problem` says why then.
std::vector<ThreadStack> stacks_at_failure(const std::string& trace, const Environment& environment,
                                           std::string& problem);

/// The functions of the thread that failed, one a line: what tells failures at one place apart.
std::string stack_signature(const std::vector<ThreadStack>& stacks);

}  // namespace ttrace
