#include "query/mark_text.h"

#include <algorithm>
#include <array>

namespace ttrace {
namespace {

// By MarkEvent::Kind.
constexpr std::array kNames{
    "text",          "case_begin",  "case_end", "assertion_failed", "assertion_passed",
    "section_begin", "section_end", "skipped",
};
constexpr std::array kTexts{
    "",
    "case begins",
    "case ends",
    "assertion failed",
    "assertion passed",
    "section begins",
    "section ends",
    "skipped",
};

}  // namespace

const char* mark_name(MarkEvent::Kind kind) { return kNames.at(std::size_t(kind)); }

std::string mark_line(const std::string& kind, const std::string& file, int line,
                      const std::string& text) {
  const auto name = std::find(kNames.begin(), kNames.end(), kind);
  std::string result = name == kNames.end() ? "" : kTexts.at(std::size_t(name - kNames.begin()));
  const auto add = [&](const std::string& part) {
    if (!result.empty() && !part.empty()) result += "  ";
    result += part;
  };
  if (!file.empty()) add(file + ":" + std::to_string(line));
  add(text.substr(0, text.find('\n')));
  return result;
}

std::string describe(const MarkEvent& mark) {
  return mark_line(mark_name(mark.kind), mark.file, mark.line, mark.text);
}

}  // namespace ttrace
