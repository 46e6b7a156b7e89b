#include "cli/rules.h"

#include "hunt/output_match.h"

namespace ttrace {

std::optional<FailOn> parse_fail_on(const std::string& text) {
  constexpr std::string_view kRegex = "regex:";
  FailOn result{false, false, false, {}};
  for (std::size_t begin = 0; begin <= text.size();) {
    std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view part = std::string_view(text).substr(begin, end - begin);
    if (part.starts_with(kRegex)) {
      result.patterns.push_back(text.substr(begin + kRegex.size()));
      if (result.patterns.back().empty()) return std::nullopt;
      return result;
    }
    if (part == "exit-status") {
      result.exit_status = true;
    } else if (part == "signal") {
      result.signal = true;
    } else if (part == "timeout") {
      result.timeout = true;
    } else {
      return std::nullopt;
    }
    begin = end + 1;
  }
  return result;
}

Rules asked_rules(const FlagSet& flags, Marks marks) {
  Rules rules(marks);
  rules.fail_on = parse_fail_on(flags.text("fail-on")).value_or(FailOn());
  for (const std::string& pattern : rules.fail_on.patterns) check_pattern(pattern);
  rules.follow = flags.text("follow") == "all" ? Follow::all : Follow::parent;
  return rules;
}

}  // namespace ttrace
