#include "hunt/environment.h"

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

std::vector<std::string> environment_names(const Environment& environment) {
  std::vector<std::string> names;
  for (const std::string& line : environment) names.emplace_back(name_of(line));
  return names;
}

}  // namespace ttrace
