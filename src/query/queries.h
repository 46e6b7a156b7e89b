#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "trace/reader.h"

namespace ttrace {

/// Members stay in the order in which they were put: that of docs/json.md.
using Json = nlohmann::ordered_json;

/// A question to a trace, and about what.
struct QueryInput {
  TraceReader& trace;
  std::vector<std::string> arguments;
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
};

std::span<const QueryRow> query_rows();
/// Null if there is none of that name.
const QueryRow* find_query(std::string_view name);

/// The answer as text or as one line of JSON. Throws UsageError for arguments that make no sense.
std::string answer_query(const QueryRow& row, const QueryInput& input, bool json);

}  // namespace ttrace
