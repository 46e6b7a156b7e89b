#include "hunt/environment.h"

#include <fnmatch.h>

#include <algorithm>

namespace ttrace {
namespace {

std::string_view name_of(std::string_view line) { return line.substr(0, line.find('=')); }

}  // namespace

std::optional<std::string> environment_value(const Environment& environment,
                                             std::string_view name) {
  for (const std::string& line : environment) {
    if (line.size() > name.size() && name_of(line) == name) return line.substr(name.size() + 1);
  }
  return std::nullopt;
}

Environment without_names(Environment environment, std::span<const char* const> names) {
  std::erase_if(environment, [&](const std::string& line) {
    return std::ranges::any_of(names, [&](const char* name) { return name_of(line) == name; });
  });
  return environment;
}

Environment with_value(Environment environment, std::string_view name, std::string_view value) {
  std::erase_if(environment, [&](const std::string& line) { return name_of(line) == name; });
  environment.push_back(std::string(name) + "=" + std::string(value));
  return environment;
}

std::optional<EnvironmentRule> EnvironmentRule::parse(std::string_view text) {
  constexpr std::string_view kAllow = "allow:", kDeny = "deny:";
  EnvironmentRule rule;
  rule.allows = text.starts_with(kAllow);
  if (!rule.allows && !text.starts_with(kDeny)) return std::nullopt;
  text.remove_prefix(rule.allows ? kAllow.size() : kDeny.size());
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    if (comma > 0) rule.patterns.emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return rule;
}

bool EnvironmentRule::shows(std::string_view name) const {
  const bool named = std::ranges::any_of(patterns, [&](const std::string& pattern) {
    return fnmatch(pattern.c_str(), std::string(name).c_str(), 0) == 0;
  });
  return named == allows;
}

Environment restricted(Environment environment, const EnvironmentRule& rule) {
  std::erase_if(environment, [&](const std::string& line) { return !rule.shows(name_of(line)); });
  return environment;
}

std::vector<std::string> environment_names(const Environment& environment) {
  std::vector<std::string> names;
  for (const std::string& line : environment) names.emplace_back(name_of(line));
  return names;
}

}  // namespace ttrace
