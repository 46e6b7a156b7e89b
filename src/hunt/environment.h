#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ttrace {

/// "NAME=value" lines, as execve takes them.
using Environment = std::vector<std::string>;

/// The value of `name`, if it is set. The first one counts, as in getenv.
std::optional<std::string> environment_value(const Environment& environment, std::string_view name);

/// Removes every line of these names.
Environment without_names(Environment environment, std::span<const char* const> names);

/// Sets `name` to `value`, in place of an earlier line of that name.
Environment with_value(Environment environment, std::string_view name, std::string_view value);

/// Which variables a program may see.
struct EnvironmentRule {
  bool allows = true;                 ///< only those named; else all but those
  std::vector<std::string> patterns;  ///< of names, as a shell has them

  /// "allow:NAME,PREFIX_*" or "deny:...".
  static std::optional<EnvironmentRule> parse(std::string_view text);
  bool shows(std::string_view name) const;
};
Environment restricted(Environment environment, const EnvironmentRule& rule);

/// The names alone, in order.
std::vector<std::string> environment_names(const Environment& environment);

}  // namespace ttrace
