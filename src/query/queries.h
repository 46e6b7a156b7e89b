#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "query/blocked.h"
#include "trace/reader.h"

namespace ttrace {

/// Members stay in the order in which they were put: that of docs/json.md.
using Json = nlohmann::ordered_json;

/// A place in a recording, and how to read the memory of its processes there.
struct QueryPlace {
  EventNumber event;
  ProcessMemory memory;
};

/// A question to a trace, and about what.
struct QueryInput {
  TraceReader& trace;
  std::vector<std::string> arguments;
  /// The place that a debugger stands at; none: the failure, or the end.
  std::optional<QueryPlace> place{};
};

/// One kind of question. The tool has a subcommand for each (ttrace NAME FILE ARGUMENTS), a
/// debugger a command (ttrace NAME ARGUMENTS). The answer is JSON as docs/json.md describes it; its
/// text for a reader is made from that.
struct QueryRow {
  const char* name;
  const char* arguments;  ///< as a usage line shows them, after the file
  unsigned most_arguments;
  const char* help;
  Json (*ask)(const QueryInput& input);
  std::string (*text)(const Json& answer);
  /// The process in which a debugger with our commands can tell more than this answer does, under
  /// the same name and in the same form; none: in no process. Null: there is nothing more to tell.
  std::optional<Pid> (*more_in)(const Json& answer) = nullptr;
};

std::span<const QueryRow> query_rows();
/// Null if there is none of that name.
const QueryRow* find_query(std::string_view name);

/// Throws UsageError for arguments that make no sense.
Json ask_query(const QueryRow& row, const QueryInput& input);
/// An answer as text or as one line of JSON.
std::string shown_answer(const QueryRow& row, const Json& answer, bool json);

}  // namespace ttrace
