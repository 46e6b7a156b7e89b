#pragma once

#include <string>
#include <vector>

#include "hunt/summary.h"

namespace ttrace {

/// The folder beside the traces that has the results of the hunts that kept them, one JSON file
/// each, so that a report knows rates, also those of cases that never failed.
inline constexpr const char* kHuntsName = "hunts";

/// Adds a hunt's results to `directory`, if that exists: a hunt that kept nothing in a place where
/// nothing is kept leaves nothing. Only the newest two hundred stay. Throws Error.
void store_summary(const std::string& directory, const HuntSummary& summary);

/// The texts of the stored hunts, oldest first. What cannot be read is left out.
std::vector<std::string> stored_summaries(const std::string& directory);

}  // namespace ttrace
