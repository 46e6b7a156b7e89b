#include "hunt/summary.h"

#include <filesystem>

namespace ttrace {
namespace {

using Outcome = CaseResult::Outcome;

// A workflow command is one line; its values escape what would end them.
std::string escaped(const std::string& text, bool property) {
  std::string result;
  for (const char c : text) {
    if (c == '%') {
      result += "%25";
    } else if (c == '\r') {
      result += "%0D";
    } else if (c == '\n') {
      result += "%0A";
    } else if (property && c == ':') {
      result += "%3A";
    } else if (property && c == ',') {
      result += "%2C";
    } else {
      result += c;
    }
  }
  return result;
}

std::string annotation(const char* level, const std::string& file, int line,
                       const std::string& title, const std::string& message) {
  std::string text = std::string("::") + level + " ";
  if (!file.empty()) {
    text += "file=" + escaped(file, true) + ",line=" + std::to_string(line) + ",";
  }
  return text + "title=" + escaped(title, true) + "::" + escaped(message, false) + "\n";
}

// As the files of the repository are named there.
std::string within(const std::string& file, const std::string& workspace) {
  if (workspace.empty() || file.empty()) return file;
  const auto relative = std::filesystem::path(file).lexically_relative(workspace);
  return relative.empty() || *relative.begin() == ".." ? file : relative.string();
}

}  // namespace

std::string github_annotations(const HuntSummary& summary, const std::string& workspace) {
  std::string text;
  for (const CaseResult& result : summary.results.cases) {
    for (const KeptFailure& failure : result.kept) {
      const auto& place = failure.verdict.failure;
      const bool has_file = place && !place->file.empty();
      text += annotation("error", within(has_file ? place->file : result.test.file, workspace),
                         has_file ? place->line : result.test.line,
                         result.test.name + " " + to_string(failure.verdict) + " on attempt " +
                             std::to_string(failure.attempt),
                         failure_details(result, failure));
    }
    if (result.outcome == Outcome::not_recordable) {
      text += annotation("warning", within(result.test.file, workspace), result.test.line,
                         result.test.name + " could not be recorded", result.detail);
    }
  }
  return text;
}

}  // namespace ttrace
