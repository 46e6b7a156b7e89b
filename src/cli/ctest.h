#pragma once

#include <string>
#include <vector>

#include "hunt/environment.h"

namespace ttrace {

/// What CTest takes out of a test's output to attach kept traces to the dashboard's page of the
/// test: a line for each; "" where CTest does not run us.
std::string ctest_lines(const std::vector<std::string>& traces, const Environment& environment);

/// What CTest's ATTACHED_FILES_ON_FAIL names. Empty at the beginning of a run, and then the first
/// trace that it kept.
class AttachedTrace {
 public:
  /// "": nothing is attached. Throws Error if an old file cannot be removed.
  explicit AttachedTrace(std::string file);
  /// Throws Error if the copy cannot be made.
  void attach(const std::vector<std::string>& traces) const;

 private:
  std::string file_;
};

}  // namespace ttrace
