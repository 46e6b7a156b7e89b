#include "query/queries.h"

#include <array>

#include "base/error.h"
#include "query/trace_queries.h"

namespace ttrace {
namespace {

constexpr std::array kRows{
    QueryRow{"marks", "", 0,
             "list what the test framework said: the case's begin and end, assertions, sections",
             ask_marks, marks_text},
    QueryRow{"events", "[FROM [TO]]", 2, "list events: all, those from FROM on, or FROM to TO",
             ask_events, events_text},
    QueryRow{"output", "", 0,
             "replay, and list what was written to standard output and error, with its event",
             ask_output, output_text},
    QueryRow{"threads", "", 0, "list the threads, and which of them ran when", ask_threads,
             threads_text},
    QueryRow{"processes", "", 0, "show the processes as a tree, and how each of them ended",
             ask_processes, processes_text},
    QueryRow{"blocked", "", 0,
             "say what each thread waits for, and who holds it, at the failure or the end",
             ask_blocked, blocked_text, process_of_taken_lock},
};

}  // namespace

std::span<const QueryRow> query_rows() { return kRows; }

const QueryRow* find_query(std::string_view name) {
  for (const QueryRow& row : kRows) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

Json ask_query(const QueryRow& row, const QueryInput& input) {
  if (input.arguments.size() > row.most_arguments) {
    throw UsageError("\"" + input.arguments[row.most_arguments] +
                     "\" is one argument too many: " + row.name + " takes " +
                     (row.most_arguments == 0 ? "none" : std::string(row.arguments)));
  }
  return row.ask(input);
}

std::string shown_answer(const QueryRow& row, const Json& answer, bool json) {
  if (!json) return row.text(answer);
  // A text may be whatever bytes the program wrote.
  return answer.dump(-1, ' ', true, Json::error_handler_t::replace) + "\n";
}

}  // namespace ttrace
