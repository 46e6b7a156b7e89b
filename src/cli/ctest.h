#pragma once

#include <string>
#include <vector>

#include "hunt/environment.h"

namespace ttrace {

/// What CTest takes out of a test's output to attach kept traces to the dashboard's page of the
/// test: a line for each; "" where CTest does not run us.
std::string ctest_lines(const std::vector<std::string>& traces, const Environment& environment);

}  // namespace ttrace
