#pragma once

#include <string>

#include "query/queries.h"

namespace ttrace {

// The questions that a trace answers by itself, without a position: each as JSON (docs/json.md),
// and the text that is made from it.

Json ask_marks(const QueryInput& input);
std::string marks_text(const Json& answer);

Json ask_events(const QueryInput& input);
std::string events_text(const Json& answer);

Json ask_output(const QueryInput& input);
std::string output_text(const Json& answer);

Json ask_threads(const QueryInput& input);
std::string threads_text(const Json& answer);

Json ask_processes(const QueryInput& input);
std::string processes_text(const Json& answer);

}  // namespace ttrace
