#include "hunt/output_match.h"

#include <regex.h>

#include <algorithm>

#include "base/error.h"

namespace ttrace {
namespace {

// A compiled pattern.
class Pattern {
 public:
  explicit Pattern(const std::string& text) {
    const int error = regcomp(&compiled_, text.c_str(), REG_EXTENDED | REG_NEWLINE);
    if (error == 0) return;
    char why[256];
    regerror(error, &compiled_, why, sizeof why);
    throw UsageError("\"" + text + "\" is no extended regular expression: " + why);
  }
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;
  ~Pattern() { regfree(&compiled_); }

  // The match that ends first in `text`, as an offset of its end; npos if there is none.
  std::size_t end_of_match(const std::string& text) const {
    regmatch_t match{};
    if (regexec(&compiled_, text.c_str(), 1, &match, 0) != 0) return std::string::npos;
    return std::size_t(match.rm_eo);
  }

 private:
  regex_t compiled_{};
};

}  // namespace

std::optional<OutputMatch> find_in_output(std::span<const OutputChunk> output,
                                          const std::string& pattern) {
  const Pattern compiled(pattern);
  // One stream's lines may be cut by the other's: as on a terminal.
  std::string text;
  for (const OutputChunk& chunk : output) text += chunk.text;
  std::ranges::replace(text, '\0', ' ');
  const std::size_t end = compiled.end_of_match(text);
  if (end == std::string::npos) return std::nullopt;

  OutputMatch match;
  std::size_t written = 0;
  for (const OutputChunk& chunk : output) {
    match.event = chunk.event;
    written += chunk.text.size();
    if (written >= end && written > 0) break;
  }
  const std::size_t inside = end > 0 ? end - 1 : 0;
  const std::size_t before = inside > 0 ? text.rfind('\n', inside - 1) : std::string::npos;
  const std::size_t begin = before == std::string::npos ? 0 : before + 1;
  match.line = text.substr(begin, text.find('\n', inside) - begin);
  return match;
}

void check_pattern(const std::string& pattern) { const Pattern compiled(pattern); }

}  // namespace ttrace
