#pragma once

#include <string>
#include <vector>

#include "hunt/environment.h"

namespace ttrace {

/// What CTest takes out of a test's output to attach kept traces to the dashboard's page of the
/// test: a line for each; "" where CTest does not run us.
std::string ctest_lines(const std::vector<std::string>& traces, const Environment& environment);

/// What CTest's ATTACHED_FILES_ON_FAIL names. Empty at the beginning of a run, and then the first
/// trace that it kept, packed: a dashboard gets this file and no other.
class AttachedTrace {
 public:
  /// "": nothing is attached. Throws Error if an old file cannot be removed.
  explicit AttachedTrace(std::string file);
  /// Returns the files that CTest is to upload: the copy or, where none was asked for, the traces.
  /// Throws Error if the copy cannot be made.
  std::vector<std::string> attach(const std::vector<std::string>& traces) const;

 private:
  std::string file_;
};

}  // namespace ttrace
