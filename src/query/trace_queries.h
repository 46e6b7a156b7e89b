#pragma once

#include <optional>
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

Json ask_blocked(const QueryInput& input);
std::string blocked_text(const Json& answer);
/// The process of a thread that waits for a lock of the same process, which is then known to have
/// been taken there.
std::optional<Pid> process_of_taken_lock(const Json& answer);

}  // namespace ttrace
